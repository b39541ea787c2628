import { readBoxes, readBoxHeader, view, type Box } from '../../server/hls/boxes.js';
import { FragmentReader } from '../../server/hls/fragment-reader.js';
import type { Sample, Track } from '../../server/hls/sample.js';

/** What a `prft` box says (ISO/IEC 14496-12 §8.16.5). */
export interface ReferenceTime {
  track: number;
  /** Milliseconds since the epoch. */
  date: number;
  mediaTime: number;
}

/** A fragment of the endless MP4. */
export interface ReadFragment {
  /** `moof` and `mdat`. */
  bytes: Uint8Array;
  prft: ReferenceTime;
  samples: Sample[];
}

function readPrft({ bytes }: Box): ReferenceTime {
  const data = view(bytes);
  const seconds = data.getUint32(16) - 2_208_988_800 + data.getUint32(20) / 2 ** 32;
  return { track: data.getUint32(12), date: seconds * 1000, mediaTime: Number(data.getBigUint64(24)) };
}

/** Reads an endless MP4 as strictly as the server promises it: `ftyp`, `moov`, then `prft`, `moof`, `mdat` in turn. */
export class LiveMp4Reader {
  tracks: Track[] = [];
  readonly fragments: ReadFragment[] = [];
  #samples: Sample[] = [];
  #reader = new FragmentReader({
    onTracks: (tracks) => (this.tracks = tracks),
    onSample: (sample) => this.#samples.push(sample),
  });
  #rest: Uint8Array = new Uint8Array(0);
  #expected = ['ftyp', 'moov'];
  #prft: ReferenceTime | undefined;
  #moof: Uint8Array | undefined;

  /** Bytes of the boxes that are whole. */
  read = 0;

  push(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const header = readBoxHeader(this.#rest);
      if (!header || header.size > this.#rest.length) return;
      const whole = this.#rest.subarray(0, header.size);
      this.#rest = this.#rest.subarray(header.size);
      this.read += header.size;
      for (const box of readBoxes(whole)) this.#onBox(box);
    }
  }

  get samples(): Sample[] {
    return this.fragments.flatMap(({ samples }) => samples);
  }

  /** Nothing is left that is no whole fragment. */
  get isWhole(): boolean {
    return this.#rest.length === 0 && this.#expected.join() === 'prft,moof,mdat';
  }

  #onBox(box: Box): void {
    const expected = this.#expected.shift();
    if (box.type !== expected) throw new Error(`'${box.type}' where '${expected}' should be`);
    this.#reader.push(box.bytes);
    if (box.type === 'prft') this.#prft = readPrft(box);
    if (box.type === 'moof') this.#moof = box.bytes;
    if (box.type === 'mdat') {
      const bytes = Buffer.concat([this.#moof!, box.bytes]);
      this.fragments.push({ bytes, prft: this.#prft!, samples: this.#samples });
      this.#samples = [];
    }
    if (this.#expected.length === 0) this.#expected = ['prft', 'moof', 'mdat'];
  }
}

/** A viewer of live.mp4 over HTTP. */
export class LiveMp4Client {
  readonly content = new LiveMp4Reader();
  #body: ReadableStreamDefaultReader<Uint8Array>;

  constructor(readonly response: Response) {
    this.#body = response.body!.getReader();
  }

  /** Reads until something holds of what was read. */
  async until(reached: (content: LiveMp4Reader) => boolean): Promise<LiveMp4Reader> {
    while (!reached(this.content)) {
      const { done, value } = await this.#body.read();
      if (done) throw new Error(`the response ended after ${this.content.fragments.length} fragments`);
      this.content.push(value);
    }
    return this.content;
  }

  /** Reads to the response's end. */
  async toEnd(): Promise<LiveMp4Reader> {
    for (;;) {
      const { done, value } = await this.#body.read();
      if (done) return this.content;
      this.content.push(value);
    }
  }

  leave(): Promise<void> {
    return this.#body.cancel();
  }
}
