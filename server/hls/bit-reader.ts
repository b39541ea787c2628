/** Reads bits, most significant first, as codec configurations are written. */
export class BitReader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /**
   * An unsigned integer of up to 32 bits, `u(n)`.
   * @throws RangeError past the end
   */
  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.bytes[this.#at >> 3];
      if (byte === undefined) throw new RangeError(`it ends after ${this.bytes.length} bytes`);
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at++;
    }
    return value;
  }

  /** Leaves bits out; past the end nothing can be read. */
  skip(count: number): void {
    this.#at += count;
  }

  /** Leaves out what is left of a byte that was begun. */
  align(): void {
    this.#at = (this.#at + 7) & ~7;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** An unsigned Exp-Golomb number, `ue(v)` (ITU-T H.264 §9.1). */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) if (++zeros > 31) throw new RangeError('an Exp-Golomb code has more than 32 bits');
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** A signed Exp-Golomb number, `se(v)` (§9.1.1). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
