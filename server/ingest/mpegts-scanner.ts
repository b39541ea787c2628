import { concat } from '../hls/boxes.js';
import type { ContainerCodecs, ContainerScanner } from './container.js';
import { ReplayBuffer } from './replay-buffer.js';

/** ISO/IEC 13818-1 §2.4.3.2. */
const PACKET_BYTES = 188;
const SYNC_BYTE = 0x47;
const PAT_PID = 0;

/** Of presentation timestamps (§2.4.3.7): ticks a second. */
const PTS_RATE = 90_000;

/** Steps of more than that, seconds, are no time: timestamps of 33 bits begin anew, or the clock was set. ffmpeg takes them out, too (`-dts_delta_threshold`). */
const LONGEST_STEP = 10;

/** Stream types (§2.4.4.9, table 2-34). */
const STREAM_TYPE_H264 = 0x1b;
const STREAM_TYPE_AAC_ADTS = 0x0f;
const OTHER_VIDEO_TYPES = new Set([0x01, 0x02, 0x10, 0x24, 0x33, 0x42]);
const OTHER_AUDIO_TYPES = new Set([0x03, 0x04, 0x06, 0x11, 0x81, 0x87]);

/**
 * Follows MPEG-TS. Its header is what comes until the program map table; reading can start, behind that, at any
 * packet of the video that says so (random_access_indicator, §2.4.3.5), or of the audio where there is no video.
 */
export class MpegTsScanner implements ContainerScanner {
  readonly kind = 'mpegts';
  codecs: ContainerCodecs | undefined;
  readonly replay: ReplayBuffer;
  partial: Uint8Array = new Uint8Array(0);
  #pmtPid: number | undefined;
  #mainPid: number | undefined;
  /** Presentation timestamp of the last place where reading can start, ticks. */
  #pts: number | undefined;
  /** The same without wraps and leaps, and how long after the one before, seconds. */
  #time = 0;
  #step = 0;

  constructor(replayLimit: number) {
    this.replay = new ReplayBuffer(replayLimit);
  }

  push(bytes: Uint8Array): void {
    const buffer = this.partial.length === 0 ? bytes : concat([this.partial, bytes]);
    let at = 0;
    for (; at + PACKET_BYTES <= buffer.length; at += PACKET_BYTES) {
      const packet = buffer.subarray(at, at + PACKET_BYTES);
      const known = this.codecs !== undefined;
      if (packet[0] === SYNC_BYTE) this.#onPacket(packet);
      this.replay.append(packet);
      if (!known && this.codecs) this.replay.mark();
    }
    this.partial = buffer.slice(at);
  }

  #onPacket(packet: Uint8Array): void {
    const pid = (((packet[1] ?? 0) & 0x1f) << 8) | (packet[2] ?? 0);
    if (this.codecs) {
      if (pid === this.#mainPid && isRandomAccess(packet)) this.replay.mark(this.#timeOf(readPts(packet)));
    } else if (pid === PAT_PID) {
      this.#pmtPid = readPmtPid(section(packet)) ?? this.#pmtPid;
    } else if (pid === this.#pmtPid) {
      this.#onProgramMap(section(packet));
    }
  }

  /** Seconds on a clock that goes on evenly; undefined where the packet says nothing. */
  #timeOf(pts: number | undefined): number | undefined {
    if (pts === undefined) return undefined;
    const step = (pts - (this.#pts ?? pts)) / PTS_RATE;
    this.#pts = pts;
    if (Math.abs(step) <= LONGEST_STEP) this.#step = step;
    return (this.#time += this.#step);
  }

  #onProgramMap(table: Uint8Array | undefined): void {
    if (!table) return;
    const streams = readStreams(table);
    const video = streams.find(({ type }) => type === STREAM_TYPE_H264 || OTHER_VIDEO_TYPES.has(type));
    const audio = streams.find(({ type }) => type === STREAM_TYPE_AAC_ADTS || OTHER_AUDIO_TYPES.has(type));
    this.#mainPid = (video ?? audio)?.pid;
    this.codecs = {
      video: video && (video.type === STREAM_TYPE_H264 ? 'h264' : 'other'),
      audio: audio && (audio.type === STREAM_TYPE_AAC_ADTS ? 'aac' : 'other'),
    };
  }
}

/** Has an adaptation field with random_access_indicator (§2.4.3.4). */
function isRandomAccess(packet: Uint8Array): boolean {
  const hasAdaptation = ((packet[3] ?? 0) & 0x20) !== 0;
  return hasAdaptation && (packet[4] ?? 0) > 0 && ((packet[5] ?? 0) & 0x40) !== 0;
}

/** What a packet with the start of something carries. */
function payloadOf(packet: Uint8Array): Uint8Array | undefined {
  const startsHere = ((packet[1] ?? 0) & 0x40) !== 0;
  const adaptation = ((packet[3] ?? 0) >> 4) & 3;
  if (!startsHere || (adaptation & 1) === 0) return undefined;
  return packet.subarray(4 + (adaptation === 3 ? 1 + (packet[4] ?? 0) : 0));
}

/** Presentation timestamp of the PES packet that starts in a packet (§2.4.3.6), ticks. */
function readPts(packet: Uint8Array): number | undefined {
  const pes = payloadOf(packet);
  if (!pes || pes.length < 14 || pes[0] !== 0 || pes[1] !== 0 || pes[2] !== 1) return undefined;
  if (((pes[7] ?? 0) & 0x80) === 0) return undefined;
  const bits = (at: number): number => ((pes[at] ?? 0) << 7) | ((pes[at + 1] ?? 0) >> 1);
  return (((pes[9] ?? 0) >> 1) & 7) * 2 ** 30 + bits(10) * 2 ** 15 + bits(12);
}

/** The section that starts in a packet (§2.4.4). */
function section(packet: Uint8Array): Uint8Array | undefined {
  const payload = payloadOf(packet);
  if (!payload) return undefined;
  const table = payload.subarray(1 + (payload[0] ?? 0));
  const length = (((table[1] ?? 0) & 0x0f) << 8) | (table[2] ?? 0);
  // Less the CRC at its end.
  return table.length > 12 ? table.subarray(0, Math.min(table.length, 3 + length - 4)) : undefined;
}

/** The first program's map table (§2.4.4.3). */
function readPmtPid(pat: Uint8Array | undefined): number | undefined {
  for (let at = 8; pat && at + 4 <= pat.length; at += 4) {
    const program = ((pat[at] ?? 0) << 8) | (pat[at + 1] ?? 0);
    if (program !== 0) return (((pat[at + 2] ?? 0) & 0x1f) << 8) | (pat[at + 3] ?? 0);
  }
  return undefined;
}

/** The elementary streams of a program map table (§2.4.4.8). */
function readStreams(pmt: Uint8Array): { type: number; pid: number }[] {
  const streams: { type: number; pid: number }[] = [];
  let at = 12 + ((((pmt[10] ?? 0) & 0x0f) << 8) | (pmt[11] ?? 0));
  while (at + 5 <= pmt.length) {
    const pid = (((pmt[at + 1] ?? 0) & 0x1f) << 8) | (pmt[at + 2] ?? 0);
    streams.push({ type: pmt[at] ?? 0, pid });
    at += 5 + ((((pmt[at + 3] ?? 0) & 0x0f) << 8) | (pmt[at + 4] ?? 0));
  }
  return streams;
}
