/** Of a packet's 188 bytes (ISO/IEC 13818-1 §2.4.3.2), what is behind its header. */
const ROOM = 184;

/** Of a presentation timestamp (ISO/IEC 13818-1 §2.4.3.7): ticks a second, and how many there are before it begins anew. */
const RATE = 90_000;
const WRAP = 2 ** 33;

/** How long before it is to be shown a picture is there, seconds. */
const BUFFER = 0.1;

const PAT_PID = 0;
const PMT_PID = 0x100;
const PIDS = { video: 0x101, audio: 0x102 } as const;
const STREAM_IDS = { video: 0xe0, audio: 0xc0 } as const;

/** Table 2-34: H.264, and AAC in ADTS. */
const STREAM_TYPES = { video: 0x1b, audio: 0x0f } as const;

const START_CODE = Buffer.from([0, 0, 0, 1]);
const AAC_FREQUENCIES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000];

/** Writes H.264 and AAC as MPEG-TS, with timestamps that begin where they are told to. */
export class TransportStream {
  readonly #counters = new Map<number, number>();

  /** @param wrapsAt media time at which the timestamps begin anew, seconds */
  constructor(private readonly wrapsAt: number) {}

  /** What a reader has to know: repeated, since it may begin anywhere. */
  header(): Buffer {
    const pat = table(0x00, [0, 1, 0xe0 | (PMT_PID >> 8), PMT_PID & 0xff]);
    const stream = (kind: keyof typeof PIDS): number[] => [
      STREAM_TYPES[kind],
      0xe0 | (PIDS[kind] >> 8),
      PIDS[kind] & 0xff,
      0xf0,
      0,
    ];
    const pmt = table(0x02, [
      0xe0 | (PIDS.video >> 8),
      PIDS.video & 0xff,
      0xf0,
      0,
      ...stream('video'),
      ...stream('audio'),
    ]);
    return Buffer.concat([
      ...this.#packets(PAT_PID, Buffer.concat([Buffer.from([0]), pat])),
      ...this.#packets(PMT_PID, Buffer.concat([Buffer.from([0]), pmt])),
    ]);
  }

  /**
   * One picture or one frame of sound.
   * @param time of its presentation, seconds
   * @param data NAL units with start codes; an ADTS frame
   */
  sample(kind: keyof typeof PIDS, time: number, data: Buffer, isKey: boolean): Buffer {
    const ticks = Math.round((time - this.wrapsAt) * RATE);
    const pts = (((ticks + BUFFER * RATE) % WRAP) + WRAP) % WRAP;
    const length = kind === 'audio' ? data.length + 8 : 0;
    const header = Buffer.from([
      ...[0, 0, 1, STREAM_IDS[kind], length >> 8, length & 0xff, 0x80, 0x80, 5],
      ...timestamp(pts),
    ]);
    const clock = kind === 'video' ? ((ticks % WRAP) + WRAP) % WRAP : undefined;
    return Buffer.concat(this.#packets(PIDS[kind], Buffer.concat([header, data]), clock, isKey));
  }

  /** @param clock PCR of the first, ticks */
  #packets(pid: number, payload: Buffer, clock?: number, isKey = false): Buffer[] {
    const packets: Buffer[] = [];
    let at = 0;
    while (at < payload.length) {
      const isFirst = at === 0;
      const fields = isFirst && clock !== undefined ? [(isKey ? 0x40 : 0) | 0x10, ...clockField(clock)] : [];
      const least = fields.length > 0 ? fields.length + 1 : 0;
      // What is not filled is stuffed.
      const size = Math.max(least, ROOM - (payload.length - at));
      const field = Buffer.alloc(size, 0xff);
      if (size > 0) field[0] = size - 1;
      if (size > 1) field[1] = 0;
      field.set(fields, Math.min(1, size));
      const counter = this.#counters.get(pid) ?? 0;
      this.#counters.set(pid, (counter + 1) & 15);
      const head = Buffer.from([
        0x47,
        (isFirst ? 0x40 : 0) | (pid >> 8),
        pid & 0xff,
        (size > 0 ? 0x30 : 0x10) | counter,
      ]);
      const take = ROOM - size;
      packets.push(Buffer.concat([head, field, payload.subarray(at, at + take)]));
      at += take;
    }
    return packets;
  }
}

/** NAL units with start codes. */
export const annexB = (units: readonly Uint8Array[]): Buffer =>
  Buffer.concat(units.flatMap((unit) => [START_CODE, unit]));

/** A raw AAC LC frame with its header (ISO/IEC 13818-7 §6.2). */
export function adts(frame: Uint8Array, sampleRate: number, channels: number): Buffer {
  const length = frame.length + 7;
  const frequency = AAC_FREQUENCIES.indexOf(sampleRate);
  return Buffer.concat([
    Buffer.from([
      0xff,
      0xf1,
      (1 << 6) | (frequency << 2) | (channels >> 2),
      ((channels & 3) << 6) | (length >> 11),
      (length >> 3) & 0xff,
      ((length & 7) << 5) | 0x1f,
      0xfc,
    ]),
    frame,
  ]);
}

/** §2.4.3.6, `PTS` alone. */
function timestamp(pts: number): number[] {
  const high = Math.floor(pts / 2 ** 30);
  const middle = Math.floor(pts / 2 ** 15) & 0x7fff;
  const low = pts & 0x7fff;
  return [0x20 | (high << 1) | 1, middle >> 7, ((middle & 0x7f) << 1) | 1, low >> 7, ((low & 0x7f) << 1) | 1];
}

/** §2.4.3.5, the base alone. */
function clockField(ticks: number): number[] {
  return [
    Math.floor(ticks / 2 ** 25) & 0xff,
    Math.floor(ticks / 2 ** 17) & 0xff,
    Math.floor(ticks / 2 ** 9) & 0xff,
    Math.floor(ticks / 2) & 0xff,
    ((ticks % 2) << 7) | 0x7e,
    0,
  ];
}

/** A section of program-specific information (§2.4.4), of transport stream or program 1. */
function table(id: number, body: readonly number[]): Buffer {
  const length = body.length + 9;
  const bytes = Buffer.from([id, 0xb0 | (length >> 8), length & 0xff, 0, 1, 0xc1, 0, 0, ...body]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(bytes));
  return Buffer.concat([bytes, check]);
}

/** Annex A: not the one of zlib, whose bits are the other way round. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
