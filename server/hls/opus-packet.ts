/** Opus packets, as the frames of a track carry them. */

/** The longest frame, bytes (RFC 6716 §3.2.1), … */
const MAX_FRAME_BYTES = 1275;

/** … and packet, 120 ms in samples at 48 kHz (§2.1.4). */
const MAX_SAMPLES = 5760;

/**
 * The most bytes of SILK for 10 ms and a channel, which is half as much again as its encoder's highest rate, 80 kbit/s. Where a constant
 * rate asks for more, that is padding, of packets of code 3. AAC whose first byte is that of a right packet has more.
 */
const MAX_SILK_BYTES = 150;

/** The first configuration that is not SILK alone (§3.1). */
const FIRST_HYBRID = 12;

/** A frame's length has a second byte from here on (§3.2.1). */
const LONG_LENGTH = 252;

/** Samples at 48 kHz of a frame, by the first five bits of its packet (§3.1). */
const frameSamples = (config: number): number => {
  if (config < 12) return [480, 960, 1920, 2880][config & 3]!;
  if (config < 16) return config & 1 ? 960 : 480;
  return 120 << (config & 3);
};

/**
 * How many samples at 48 kHz a packet holds (RFC 6716 §3.2).
 * @param streams that stand in it one after the other (RFC 7845 §3)
 * @throws RangeError when it is malformed by the rules of RFC 6716 §3.4
 */
export function opusSamples(packet: Uint8Array, streams = 1): number {
  const reader = new PacketReader(packet);
  // All but the last say where they end.
  for (let stream = 1; stream < streams; stream++) reader.read(true);
  return reader.read(false);
}

class PacketReader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** @param isDelimited it says how long its last frame is (§B) */
  read(isDelimited: boolean): number {
    const toc = this.#byte();
    const code = toc & 3;
    if (code === 3) return this.#readMany(toc, isDelimited);
    // Code 2 has frames of two lengths.
    const first = code === 2 ? this.#length() : 0;
    if (isDelimited) this.#leave((code === 1 ? 2 : 1) * this.#length() + first);
    else {
      const length = this.#checkRest(code === 1 ? 2 : 1, first);
      checkRate(toc, length);
    }
    return (code === 0 ? 1 : 2) * frameSamples(toc >> 3);
  }

  /** Code 3: any number of frames, perhaps with padding behind them (§3.2.5). */
  #readMany(toc: number, isDelimited: boolean): number {
    const count = this.#byte();
    const frames = count & 0x3f;
    const samples = frames * frameSamples(toc >> 3);
    if (samples === 0 || samples > MAX_SAMPLES) {
      throw new RangeError(`an Opus packet says ${samples} samples; it has 1 to ${MAX_SAMPLES}`);
    }
    const padding = count & 0x40 ? this.#padding() : 0;
    const hasOwnLengths = (count & 0x80) !== 0;
    let known = 0;
    if (hasOwnLengths) for (let frame = 1; frame < frames; frame++) known += this.#length();
    const others = hasOwnLengths ? 1 : frames;
    if (isDelimited) this.#leave(others * this.#length() + known + padding);
    else this.#checkRest(others, known + padding);
    return samples;
  }

  /** Its length is spread over as many bytes as are 255, which count 254, and one more. */
  #padding(): number {
    let padding = 0;
    let byte = 255;
    while (byte === 255) {
      byte = this.#byte();
      padding += byte === 255 ? 254 : byte;
    }
    return padding;
  }

  #byte(): number {
    const byte = this.bytes[this.#at++];
    if (byte === undefined)
      throw new RangeError(`an Opus packet is cut off after ${this.bytes.length} bytes`);
    return byte;
  }

  /** Of a frame, bytes. */
  #length(): number {
    const first = this.#byte();
    return first < LONG_LENGTH ? first : first + 4 * this.#byte();
  }

  /** What is known to be so long is left out. */
  #leave(length: number): void {
    this.#checkFits(length);
    this.#at += length;
  }

  /**
   * Frames of one length take all that is left.
   * @param taken bytes of other frames and of padding among it
   * @returns bytes of each
   */
  #checkRest(frames: number, taken: number): number {
    this.#checkFits(taken);
    const rest = this.bytes.length - this.#at - taken;
    if (rest % frames !== 0) {
      throw new RangeError(`an Opus packet has ${rest} bytes for ${frames} frames of one length`);
    }
    if (rest / frames > MAX_FRAME_BYTES) {
      throw new RangeError(`an Opus frame of ${rest / frames} bytes; the most is ${MAX_FRAME_BYTES}`);
    }
    return rest / frames;
  }

  #checkFits(length: number): void {
    const left = this.bytes.length - this.#at;
    if (length > left) {
      throw new RangeError(
        `an Opus packet says ${length} bytes of frames and padding where ${left} are left`,
      );
    }
  }
}

/** @param length of a frame without padding, bytes */
function checkRate(toc: number, length: number): void {
  const config = toc >> 3;
  const most = (frameSamples(config) / 480) * MAX_SILK_BYTES * (toc & 4 ? 2 : 1);
  if (config >= FIRST_HYBRID || length <= most) return;
  throw new RangeError(
    `an Opus frame of SILK has ${length} bytes, more than ${most}, its encoder's highest rate`,
  );
}
