const BOX_HEADER = 8;

/** Finds the fragments in an endless MP4 that comes in pieces, and looks at no more of it than it must. */
export class FragmentScanner {
  readonly #onFragment: (decodeTime: number) => void;
  /** Of the box that is read. */
  #head: Buffer = Buffer.alloc(0);
  #type = '';
  #missing = 0;
  #moof: Buffer[] = [];
  #decodeTime = NaN;

  /** @param onFragment is called when all of a fragment's media came, with its first track's `baseMediaDecodeTime` */
  constructor(onFragment: (decodeTime: number) => void) {
    this.#onFragment = onFragment;
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#missing === 0) {
        rest = this.#readHeader(rest);
        continue;
      }
      const piece = rest.subarray(0, this.#missing);
      if (this.#type === 'moof') this.#moof.push(piece);
      this.#missing -= piece.length;
      rest = rest.subarray(piece.length);
      if (this.#missing === 0) this.#endBox();
    }
  }

  #readHeader(bytes: Buffer): Buffer {
    const header = Buffer.concat([this.#head, bytes.subarray(0, BOX_HEADER - this.#head.length)]);
    const rest = bytes.subarray(header.length - this.#head.length);
    if (header.length < BOX_HEADER) {
      this.#head = header;
      return rest;
    }
    this.#head = Buffer.alloc(0);
    this.#type = header.toString('latin1', 4, 8);
    this.#missing = header.readUInt32BE(0) - BOX_HEADER;
    if (!/^[ -~]{4}$/.test(this.#type) || this.#missing < 0) throw new Error('what came is no MP4');
    return rest;
  }

  #endBox(): void {
    if (this.#type === 'moof') {
      this.#decodeTime = decodeTimeOf(Buffer.concat(this.#moof));
      this.#moof = [];
    } else if (this.#type === 'mdat') this.#onFragment(this.#decodeTime);
  }
}

/** Of the first `tfdt` (ISO/IEC 14496-12 §8.8.12). */
function decodeTimeOf(moof: Buffer): number {
  const at = moof.indexOf('tfdt');
  if (at === -1) return NaN;
  return moof[at + 4] === 1 ? Number(moof.readBigUInt64BE(at + 8)) : moof.readUInt32BE(at + 8);
}
