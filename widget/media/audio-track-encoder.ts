import type { AudioTrackConfig } from '../../server/protocol.js';
import { MOST_SOUND } from './encoder-messages.js';
import { AUDIO_TRACK, bytesOf, frameMessage, toBase64 } from './frame-message.js';
import type { TrackEncoderEvents } from './video-track-encoder.js';

/** Opus counts in this rate, whatever it was fed (RFC 7845 §5.1). */
const OPUS_RATE = 48_000;

/** Of a chunk where the encoder does not say it, in samples: AAC's frame; Opus frames say it in every browser. */
const AAC_FRAME = 1024;

/** From which hole on silence fills it, µs: less is jitter, more would be heard as audio that runs ahead of the picture. */
const HOLE = 100_000;

/** Longest hole that is filled, µs. */
const LONGEST_FILL = 2_000_000;

/** How late the data of a source may be before silence takes its place, µs: a page's AudioContext may sleep. */
const LATEST = 250_000;

/** Most that one chunk is shifted to follow the clock, µs: 2 % of a chunk, which nobody hears and no player stumbles over. */
const MAX_SHIFT = 400;

/**
 * Encodes audio without holes. Chunks are as long as they are, so their timestamps are counted; they follow the common
 * clock in small steps, since an audio device has its own idea of how long a second is.
 */
export class AudioTrackEncoder {
  /** Pieces left out, since the encoder was behind. */
  dropped = 0;
  readonly #events: TrackEncoderEvents<AudioTrackConfig>;
  readonly #encoder: AudioEncoder;
  #config: AudioEncoderConfig;
  /** Timestamp 0 on the clock of capture, µs; undefined until the video began. */
  #origin: number | undefined;
  /** When the next sample is due on the clock of capture as counted so far, µs; undefined before the first. */
  #inputEnd: number | undefined;
  /** The same of the next chunk. */
  #outputEnd: number | undefined;
  /** How long each piece is that waits in the encoder, µs; those that left it since come first. */
  #queue: number[] = [];
  /** Times that are passed over, each at the chunk that begins there: what waits in the encoder is of before. */
  #leaps: { from: number; length: number }[] = [];
  /** Common clock less counted time, µs. */
  #error = 0;
  /** What comes next goes exactly where it belongs: silence is before it, which nobody hears begin or end a little sooner. */
  #aligns = false;
  #description: string | undefined;

  /** @param config of {@link audioConfig} */
  constructor(config: AudioEncoderConfig, events: TrackEncoderEvents<AudioTrackConfig>) {
    this.#config = config;
    this.#events = events;
    this.#encoder = new AudioEncoder({
      output: (chunk, metadata) => this.#onChunk(chunk, metadata),
      error: (error) => this.#events.onError(error),
    });
    this.#encoder.configure(config);
  }

  /** Nothing goes out before it is called. @param origin timestamp 0 on the clock of capture, µs */
  begin(origin: number): void {
    this.#origin ??= origin;
  }

  /**
   * Takes data, and closes it.
   * @param time of its first sample's capture, µs
   */
  push(data: AudioData, time: number): void {
    if (this.#isFull) {
      this.dropped += 1;
      this.#aligns = true;
      data.close();
      return;
    }
    if (data.sampleRate !== this.#config.sampleRate) this.#changeRate(data.sampleRate);
    this.#inputEnd ??= time;
    this.#error = time - this.#inputEnd;
    if (Math.abs(this.#error) > HOLE) this.#aligns = true;
    if (this.#aligns && this.#error > 0) this.#skipTo(time);
    // Samples for a time that silence, or others, have taken.
    const taken = this.#aligns ? Math.max(0, Math.round((-this.#error * data.sampleRate) / 1e6)) : 0;
    if (this.#aligns) this.#error = 0;
    if (taken < data.numberOfFrames) {
      this.#aligns = false;
      this.#encode(planesOf(data, this.#config.numberOfChannels, taken), data.numberOfFrames - taken);
    }
    data.close();
  }

  /** Puts silence where no data comes. */
  fill(now: number): void {
    this.#inputEnd ??= now - LATEST;
    if (now - this.#inputEnd <= LATEST || this.#isFull) return;
    this.#skipTo(now - LATEST / 2);
    this.#aligns = true;
  }

  async stop(): Promise<void> {
    if (this.#encoder.state === 'configured') await this.#encoder.flush().catch(() => {});
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }

  get #isFull(): boolean {
    this.#queue.splice(0, this.#queue.length - this.#encoder.encodeQueueSize);
    return this.#queue.reduce((sum, length) => sum + length, 0) >= MOST_SOUND;
  }

  #skipTo(time: number): void {
    const inputEnd = this.#inputEnd ?? time;
    const hole = time - inputEnd;
    this.#error = 0;
    if (hole > LONGEST_FILL) {
      // A machine that slept: players are moved over it by the server.
      this.#inputEnd = time;
      if (this.#outputEnd !== undefined) this.#leaps.push({ from: inputEnd, length: hole });
    } else {
      const { sampleRate, numberOfChannels } = this.#config;
      const frames = Math.round((hole * sampleRate) / 1e6);
      this.#encode(new Float32Array(frames * numberOfChannels), frames);
    }
  }

  #encode(data: Float32Array<ArrayBuffer>, numberOfFrames: number): void {
    if (this.#encoder.state !== 'configured' || numberOfFrames === 0) return;
    const { sampleRate, numberOfChannels } = this.#config;
    const timestamp = this.#inputEnd ?? 0;
    this.#outputEnd ??= timestamp;
    const piece = new AudioData({
      format: 'f32-planar',
      sampleRate,
      numberOfFrames,
      numberOfChannels,
      timestamp,
      data,
    });
    const length = (numberOfFrames * 1e6) / sampleRate;
    this.#inputEnd = timestamp + length;
    this.#queue.push(length);
    this.#encoder.encode(piece);
    piece.close();
  }

  #changeRate(sampleRate: number): void {
    this.#config = { ...this.#config, sampleRate };
    if (this.#encoder.state === 'configured') this.#encoder.configure(this.#config);
  }

  #onChunk(chunk: EncodedAudioChunk, metadata?: EncodedAudioChunkMetadata): void {
    if (metadata?.decoderConfig) this.#describe(metadata.decoderConfig);
    const duration = chunk.duration || (AAC_FRAME * 1e6) / this.#config.sampleRate;
    let start = this.#outputEnd ?? 0;
    while (this.#leaps[0] && start + duration / 2 >= this.#leaps[0].from) {
      start += this.#leaps.shift()!.length;
    }
    const shift = Math.max(-MAX_SHIFT, Math.min(MAX_SHIFT, this.#error / 50));
    this.#outputEnd = start + duration + shift;
    // So that the input is not found off again by what the output was shifted.
    if (this.#inputEnd !== undefined) this.#inputEnd += shift;
    for (const leap of this.#leaps) leap.from += shift;
    this.#error -= shift;
    const timestamp = start - (this.#origin ?? Infinity);
    if (timestamp < 0) return;
    this.#events.onData(
      frameMessage({ trackId: AUDIO_TRACK, isKey: true, timestamp, duration }, chunk),
      true,
    );
  }

  #describe({ codec, description, numberOfChannels, sampleRate }: AudioDecoderConfig): void {
    const text = description ? toBase64(codec === 'opus' ? at48kHz(description) : bytesOf(description)) : '';
    if (text === this.#description) return;
    this.#description = text;
    this.#events.onConfig({
      id: AUDIO_TRACK,
      kind: 'audio',
      codec,
      sampleRate: codec === 'opus' ? OPUS_RATE : sampleRate,
      channels: numberOfChannels,
      ...(text ? { description: text } : {}),
    });
  }
}

/**
 * An OpusHead (RFC 7845 §5.1) that names 48 kHz. The rate in it is that of the encoder's input and means nothing to a
 * decoder, but Chromium refuses fMP4 whose sample entry, which must say 48 kHz, differs from it.
 */
function at48kHz(description: AllowSharedBufferSource): Uint8Array<ArrayBuffer> {
  const head = Uint8Array.from(bytesOf(description));
  if (head.length >= 16) new DataView(head.buffer).setUint32(12, OPUS_RATE, true);
  return head;
}

/**
 * One channel after the other; a missing one is the same as the last that is there.
 * @param frameOffset of the first frame that is taken
 */
function planesOf(data: AudioData, channels: number, frameOffset: number): Float32Array<ArrayBuffer> {
  const numberOfFrames = data.numberOfFrames - frameOffset;
  const planes = new Float32Array(numberOfFrames * channels);
  for (let channel = 0; channel < channels; channel++) {
    data.copyTo(planes.subarray(channel * numberOfFrames, (channel + 1) * numberOfFrames), {
      planeIndex: Math.min(channel, data.numberOfChannels - 1),
      format: 'f32-planar',
      frameOffset,
    });
  }
  return planes;
}
