import type { SampleDrop } from '../hls/sample.js';
import type { Logger } from '../options.js';
import type { Stream } from '../streams/stream.js';

/** Why a frame could not be published, or not as it came. */
export type DropReason =
  | SampleDrop
  | 'short-header'
  | 'reserved-bits'
  | 'timestamp-range'
  | 'empty'
  | 'refused-track'
  | 'broken-chunk'
  | 'no-picture'
  | 'no-parameter-sets'
  /** Sound that waited for its picture when its track was configured anew. */
  | 'old-configuration'
  /** Published, at another time than it said. */
  | 'retimed'
  /** Published, as the key frame that it is or is not. */
  | 'wrong-key-flag';

/** A frame that cannot be used. */
export class UnusableFrame extends Error {
  override readonly name = 'UnusableFrame';

  constructor(
    readonly reason: DropReason,
    /** What was wrong and what to do. */
    message: string,
  ) {
    super(message);
  }
}

/** Each reason is told at most this often, milliseconds. */
const NOTICE_INTERVAL = 10_000;

/** Reasons that are in the nature of things: logged, but the publisher did nothing wrong. */
const EXPECTED: ReadonlySet<DropReason> = new Set(['waiting-for-key', 'before-start', 'old-configuration']);

/** What a packager leaves out, in words. */
export const LEFT_OUT: Record<SampleDrop, string> = {
  'unknown-track': 'it is of a track that the stream does not have',
  'waiting-for-key': 'the stream goes on with the next key frame',
  'before-start': 'it lies before the first key frame of the picture',
  'off-clock': 'it goes with no picture; give both timestamps of one clock',
  overlap: 'there is one of its time already',
  over: 'the stream is over',
};

/** Counts what could not be published as it came, and tells of it now and then. */
export class FrameDrops {
  /** How many frames of this publisher for each reason. */
  readonly counts = new Map<DropReason, number>();
  #noticed = new Map<DropReason, number>();

  /** @param notify told of what the publisher should know; absent where it did not make the frames itself */
  constructor(
    private readonly stream: Stream,
    private readonly logger: Logger,
    private readonly notify?: (message: string) => void,
  ) {}

  add(reason: DropReason, message: string): void {
    this.count(reason);
    const { id: streamId } = this.stream;
    const now = performance.now();
    if (now - (this.#noticed.get(reason) ?? -Infinity) < NOTICE_INTERVAL) return;
    this.#noticed.set(reason, now);
    const fields = { streamId, reason, count: this.counts.get(reason) };
    this.logger.warn(fields, `a frame is not as it should be: ${message}`);
    if (!EXPECTED.has(reason)) this.notify?.(`a frame is not as it should be (${reason}): ${message}`);
  }

  /** Without a word. */
  count(reason: DropReason): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    this.stream.countFrameFault(reason);
  }

  /** For example `waiting-for-key 12, no-picture 1`, the most frequent first. */
  summary(): string {
    const sorted = [...this.counts].sort(([, a], [, b]) => b - a);
    return sorted.map(([reason, count]) => `${reason} ${count}`).join(', ');
  }
}
