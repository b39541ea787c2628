import { readAvcC } from '../../server/hls/avc-config.js';
import { joinLengths, splitLengths } from '../../server/hls/h264-nal.js';
import type { Track } from '../../server/hls/sample.js';
import type { StreamFormat } from '../../server/protocol.js';
import { block, byte, element, float, live, uint16 } from '../fixtures/media/chromium-webm.js';
import { frameMessage, generateFrames, type Frame, type Frames } from '../helpers/frames.js';
import { digest } from './digest.js';
import { adts, annexB, TransportStream } from './transport-stream.js';

/** One binary message, made when its time has come. */
export interface NumberedMessage {
  /** Of its media, seconds from the beginning. */
  time: number;
  /** Decoding can begin here. */
  isKey: boolean;
  kind: Track['kind'];
  /** Of the sample in it; undefined: viewers get another one, since the server's ffmpeg encodes it anew. */
  digest: number | undefined;
  /** @param isFirst nothing was sent yet of the file that it belongs to */
  bytes(isFirst: boolean): ArrayBuffer;
}

/** Media without an end in which no two samples are alike, as `start-stream` and binary messages. */
export interface NumberedMedia {
  format: StreamFormat;
  /** In the order of their times. */
  messages(): Generator<NumberedMessage, void>;
}

const SIZE = { width: 320, height: 180 };

/** Of the user data (ITU-T H.264 §D.1.7): whose it is. */
const UUID = 'livedrop-chaos-n';
const SEI = 6;
const USER_DATA_UNREGISTERED = 5;

/** Frames for the server as a browser encodes them: H.264 and Opus. */
export async function numberedFrames(): Promise<NumberedMedia> {
  const frames = await encode();
  return {
    format: frames.format,
    *messages() {
      for (const frame of numbered(frames)) {
        yield {
          ...about(frame),
          digest: digest(frame.chunk),
          bytes: () => bufferOf(frameMessage(frame, frame.chunk)),
        };
      }
    },
  };
}

/** The same in a WebM file, as MediaRecorder writes it: the server's ffmpeg copies the pictures and encodes the sound. */
export async function numberedContainer(): Promise<NumberedMedia> {
  const frames = await encode();
  const header = webmHeader(frames);
  return {
    format: { kind: 'container', mimeType: 'video/webm;codecs=h264,opus' },
    *messages() {
      let cluster = 0;
      for (const frame of numbered(frames)) {
        const { isKey, ...rest } = about(frame);
        const time = Math.round(frame.timestamp / 1000);
        const parts: Buffer[] = [];
        if (isKey) {
          cluster = time;
          const timestamp = Buffer.alloc(4);
          timestamp.writeUInt32BE(time);
          parts.push(live('1f43b675'), element('e7', timestamp));
        }
        parts.push(block(frame.track + 1, time, cluster, frame.key, Buffer.from(frame.chunk)));
        yield {
          ...rest,
          isKey,
          digest: rest.kind === 'video' ? digest(frame.chunk) : undefined,
          bytes: (isFirst) => bufferOf(Buffer.concat(isFirst ? [header, ...parts] : parts)),
        };
      }
    },
  };
}

/**
 * H.264 and AAC as MPEG-TS, whose timestamps have 33 bits (ISO/IEC 13818-1 §2.4.3.7): they begin anew every 26.5 hours.
 * @param wrapsAt when they do here, seconds from the beginning
 */
export async function wrappingContainer(wrapsAt: number): Promise<NumberedMedia> {
  const frames = await encode('aac');
  const [video, audio] = frames.format.tracks;
  const { sps, pps } = readAvcC(Buffer.from(video!.description!, 'base64'));
  const { sampleRate, channels } = audio as { sampleRate: number; channels: number };
  return {
    format: { kind: 'container', mimeType: 'video/mp2t' },
    *messages() {
      const stream = new TransportStream(wrapsAt);
      for (const frame of numbered(frames)) {
        const { isKey, ...rest } = about(frame);
        // Parameter sets are sent with each key frame, and are in the sample then.
        const units =
          rest.kind === 'video' ? [...(isKey ? [...sps, ...pps] : []), ...splitLengths(frame.chunk, 4)] : [];
        const data = rest.kind === 'video' ? annexB(units) : adts(frame.chunk, sampleRate, channels);
        const bytes = stream.sample(rest.kind, rest.time, data, isKey);
        yield {
          ...rest,
          isKey,
          digest: rest.kind === 'video' ? digest(joinLengths(units)) : undefined,
          bytes: (isFirst) => bufferOf(isFirst || isKey ? Buffer.concat([stream.header(), bytes]) : bytes),
        };
      }
    },
  };
}

/** Some seconds of it, or what an earlier run encoded. */
function encode(audio: 'opus' | 'aac' = 'opus'): Promise<Frames> {
  const size = `${SIZE.width}x${SIZE.height}`;
  // 192 frames of AAC at 48 kHz last 4.096 s: there it begins again with a little less.
  return generateFrames({ size, seconds: 4, frameRate: 30, video: 'h264', audio });
}

/** Again and again, each picture and each packet of Opus with a number of its own. */
function* numbered({ format, frames, seconds }: Frames): Generator<Frame, never> {
  const isOpus = format.tracks[1]?.codec === 'opus';
  const number = ({ track, chunk }: Frame, digits: Buffer): Uint8Array => {
    if (track === 0) return numberPicture(chunk, digits);
    return isOpus ? numberSound(chunk, digits) : chunk;
  };
  const within = frames.filter(({ timestamp }) => timestamp < seconds * 1e6 - 1);
  for (let round = 0, count = 0; ; round++) {
    for (const frame of within) {
      const timestamp = Math.round(frame.timestamp + round * seconds * 1e6);
      const chunk = number(frame, digits(count++));
      yield { ...frame, timestamp, chunk };
    }
  }
}

function about({ track, timestamp, key }: Frame): Omit<NumberedMessage, 'bytes' | 'digest'> {
  const isVideo = track === 0;
  return { time: timestamp / 1e6, isKey: isVideo && key, kind: isVideo ? 'video' : 'audio' };
}

/** Digits: nothing in them needs escaping. */
const digits = (count: number): Buffer => Buffer.from(String(count).padStart(10, '0'), 'latin1');

/** Puts a number before a frame's first NAL unit, which decoders skip. */
function numberPicture(frame: Uint8Array, number: Buffer): Uint8Array {
  const data = Buffer.concat([Buffer.from(UUID, 'latin1'), number]);
  const unit = Buffer.concat([
    Buffer.from([SEI, USER_DATA_UNREGISTERED, data.length]),
    data,
    Buffer.from([0x80]),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  return Buffer.concat([length, unit, frame]);
}

/** Of an Opus packet's second byte: it is padded (RFC 6716 §3.2.5). */
const PADDED = 0x40;

/** Puts a number behind an Opus packet of one frame, as padding, which decoders skip: its code becomes 3. */
function numberSound(packet: Uint8Array, number: Buffer): Uint8Array {
  const [toc = 0, ...frame] = packet;
  if ((toc & 3) !== 0)
    throw new Error(`an Opus packet of code ${toc & 3}; one of a single frame, 0, is needed`);
  return Buffer.from([toc | 3, PADDED | 1, number.length, ...frame, ...number]);
}

/** What comes before the first Cluster (RFC 9559 §5.1), with pictures in the form of their avcC. */
function webmHeader({ format }: Frames): Buffer {
  const [video, audio] = format.tracks.map(({ description }) => Buffer.from(description ?? '', 'base64'));
  const entry = (id: number, codec: string, description: Buffer, details: Buffer): Buffer =>
    element(
      'ae',
      element('d7', byte(id)),
      element('73c5', byte(id)),
      element('83', byte(id)),
      element('86', Buffer.from(codec)),
      element('63a2', description),
      details,
    );
  const picture = element('e0', element('b0', uint16(SIZE.width)), element('ba', uint16(SIZE.height)));
  const sound = element('e1', element('b5', float(48_000)), element('9f', byte(1)));
  return Buffer.concat([
    element('1a45dfa3', element('4282', Buffer.from('matroska'))),
    live('18538067'),
    element('1549a966', element('2ad7b1', Buffer.from('0f4240', 'hex'))),
    element('1654ae6b', entry(1, 'V_MPEG4/ISO/AVC', video!, picture), entry(2, 'A_OPUS', audio!, sound)),
  ]);
}

/** Its own: a Buffer is a view of more. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
