import { boxAt, childBoxes, initTracks, typeAt, viewOf, type Mp4Track } from './mp4-init.js';

/** From the NTP epoch, 1900, to the Unix epoch, seconds (RFC 5905 §6). */
const NTP_EPOCH = 2_208_988_800;

/** Larger boxes, bytes, are no fragment of a live stream: rather an error than a page that collects them. */
const MAX_BOX = 32 * 1024 * 1024;

/** `ftyp` and `moov`. */
export interface Mp4Init {
  kind: 'init';
  bytes: Uint8Array<ArrayBuffer>;
  tracks: Mp4Track[];
}

/** A `moof` and its `mdat`. */
export interface Mp4Fragment {
  kind: 'fragment';
  bytes: Uint8Array<ArrayBuffer>;
  /** Where the earliest of its tracks begins, on the stream's timeline, seconds; undefined where no track tells. */
  start: number | undefined;
  /** What the `prft` box before it said. */
  produced?: Mp4Produced;
}

/** Wall clock and media clock of one moment (ISO/IEC 14496-12 §8.16.5). */
export interface Mp4Produced {
  /** Milliseconds since the Unix epoch. */
  time: number;
  /** On the stream's timeline, seconds. */
  mediaTime: number;
}

/**
 * Takes an endless fragmented MP4 (ISO/IEC 14496-12 §8.8) apart as it arrives, cut anywhere. Boxes that MSE has no use for
 * are left out.
 */
export class Mp4Stream {
  readonly #maxBox: number;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Whole boxes of the init segment or the fragment that is not complete yet. */
  #pending: Uint8Array<ArrayBuffer>[] = [];
  #start: number | undefined;
  #produced: Mp4Produced | undefined;
  #timescales = new Map<number, number>();

  /** @param options `maxBox`: bytes, default 32 MiB */
  constructor({ maxBox = MAX_BOX }: { maxBox?: number } = {}) {
    this.#maxBox = maxBox;
  }

  /**
   * The next bytes.
   * @returns what they complete
   * @throws RangeError where they are no boxes, or one is too large
   */
  push(bytes: Uint8Array<ArrayBuffer>): (Mp4Init | Mp4Fragment)[] {
    const data = this.#rest.length > 0 ? concatenate([this.#rest, bytes]) : bytes;
    const found: (Mp4Init | Mp4Fragment)[] = [];
    let offset = 0;
    for (let size = this.#boxSize(data, offset); size && offset + size <= data.length;) {
      const piece = this.#box(data.subarray(offset, offset + size));
      if (piece) found.push(piece);
      offset += size;
      size = this.#boxSize(data, offset);
    }
    this.#rest = data.slice(offset);
    return found;
  }

  /** @returns undefined while its header is not there */
  #boxSize(data: Uint8Array, offset: number): number | undefined {
    if (data.length - offset < 8) return undefined;
    const view = viewOf(data);
    let size = view.getUint32(offset);
    if (size === 1) {
      if (data.length - offset < 16) return undefined;
      size = Number(view.getBigUint64(offset + 8));
    }
    // A size of 0 reaches to the end of the file (§4.2.2), which a live stream has not.
    if (size < 8 || size > this.#maxBox) {
      const type = typeAt(data, offset + 4);
      throw new RangeError(
        `This is no live MP4: box "${type}" says ${size} bytes (8 to ${this.#maxBox} allowed).`,
      );
    }
    return size;
  }

  #box(bytes: Uint8Array<ArrayBuffer>): Mp4Init | Mp4Fragment | undefined {
    const body = bytes.subarray(8);
    switch (typeAt(bytes, 4)) {
      case 'ftyp':
        this.#pending = [bytes];
        return undefined;
      case 'moov': {
        const tracks = initTracks(body);
        this.#timescales = new Map(tracks.map(({ id, timescale }) => [id, timescale]));
        return { kind: 'init', bytes: this.#take(bytes), tracks };
      }
      case 'prft':
        this.#produced = this.#readProduced(body);
        return undefined;
      case 'moof':
        this.#pending = [bytes];
        this.#start = this.#readStart(body);
        return undefined;
      case 'mdat': {
        const produced = this.#produced;
        this.#produced = undefined;
        const fragment = { kind: 'fragment', bytes: this.#take(bytes), start: this.#start } as const;
        return produced ? { ...fragment, produced } : fragment;
      }
      default:
        return undefined;
    }
  }

  #take(last: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const bytes = concatenate([...this.#pending, last]);
    this.#pending = [];
    return bytes;
  }

  #readProduced(body: Uint8Array): Mp4Produced | undefined {
    const isLong = body[0] === 1;
    if (body.length < (isLong ? 24 : 20)) return undefined;
    const view = viewOf(body);
    const timescale = this.#timescales.get(view.getUint32(4));
    if (!timescale) return undefined;
    const seconds = view.getUint32(8) - NTP_EPOCH + view.getUint32(12) / 2 ** 32;
    const mediaTime = isLong ? Number(view.getBigUint64(16)) : view.getUint32(16);
    return { time: seconds * 1000, mediaTime: mediaTime / timescale };
  }

  /** The least `tfdt` (§8.8.12) of a `moof`, seconds. */
  #readStart(moof: Uint8Array): number | undefined {
    let start: number | undefined;
    for (const { type, body } of childBoxes(moof)) {
      if (type !== 'traf') continue;
      const header = boxAt(body, 'tfhd');
      const decodeTime = boxAt(body, 'tfdt');
      const timescale = header && this.#timescales.get(viewOf(header).getUint32(4));
      if (!decodeTime || !timescale) continue;
      const view = viewOf(decodeTime);
      const time = (decodeTime[0] === 1 ? Number(view.getBigUint64(4)) : view.getUint32(4)) / timescale;
      start = Math.min(start ?? Infinity, time);
    }
    return start;
  }
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
