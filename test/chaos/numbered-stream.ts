import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../bench/deadline.js';
import type { Balance } from './ledger.js';
import { numberedContainer, numberedFrames, type NumberedMedia } from './numbered-media.js';
import { PlainPublisher } from './plain-publisher.js';
import { SampleWatcher, type Breaks } from './sample-watcher.js';
import { verdictOf, type StreamKind, type Target, type Verdict } from './target.js';
import { TrackLedgers } from './track-ledgers.js';

export interface Address {
  /** Without a slash at the end. */
  url: string;
  socketUrl: string;
}

/** Until its first part is seen, seconds. */
const START = 20;

/** How often it is looked whether something happened, ms. */
const POLL = 20;

/** A live stream of numbered media and a viewer of all of it, without a browser. */
export class NumberedStream implements Target {
  readonly #ledgers: TrackLedgers;
  readonly #publisher: PlainPublisher;
  readonly #watcher: SampleWatcher;

  private constructor(
    readonly name: string,
    readonly kind: StreamKind,
    publisher: (ledgers: TrackLedgers) => PlainPublisher,
    url: string,
  ) {
    this.#ledgers = new TrackLedgers(kind === 'frames');
    this.#publisher = publisher(this.#ledgers);
    this.#watcher = new SampleWatcher(url, name, this.#ledgers);
  }

  /**
   * Resolves when its first part was seen.
   * @param given the media, of this kind; by default frames or a WebM file
   */
  static async start(
    { url, socketUrl }: Address,
    name: string,
    kind: StreamKind,
    given?: NumberedMedia,
  ): Promise<NumberedStream> {
    const media = given ?? (await (kind === 'frames' ? numberedFrames() : numberedContainer()));
    const stream = new NumberedStream(
      name,
      kind,
      (ledgers) => new PlainPublisher(socketUrl, name, media, ledgers),
      url,
    );
    try {
      await within(START, `the first part of ${name}`, stream.recovered(0));
      return stream;
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  async recovered(encodedFrom: number, seenFrom?: number): Promise<number> {
    for (;;) {
      const at = this.#ledgers.firstSeen(encodedFrom, seenFrom);
      if (at !== undefined) return at;
      if (this.#publisher.problem) throw this.#publisher.problem;
      await delay(POLL);
    }
  }

  async settled(patience: number): Promise<Verdict[]> {
    const { balance, breaks } = await this.look(patience);
    return [verdictOf(this, balance, breaks)];
  }

  /** The same, with every part's delay. */
  async look(patience: number): Promise<{ balance: Balance; breaks: Breaks }> {
    const now = Date.now();
    const deadline = now + patience * 1000;
    while (!this.#ledgers.isPast(now) && Date.now() < deadline && !this.#publisher.problem) await delay(POLL);
    return { balance: this.#ledgers.balance(now), breaks: this.#watcher.takeBreaks() };
  }

  /** Resolves at a time after a key frame, milliseconds. */
  async afterKey(ms: number): Promise<void> {
    const { keySentAt } = this.#publisher;
    while (this.#publisher.keySentAt === keySentAt && !this.problem) await delay(1);
    await delay(ms);
  }

  /** Resolves when media of a time, seconds from its beginning, was sent. */
  async sent(time: number): Promise<void> {
    while (this.#publisher.sentUntil < time && !this.problem) await delay(POLL);
  }

  /** Why it is published no more, once that is so. */
  get problem(): Error | undefined {
    return this.#publisher.problem;
  }

  /** Ends the stream for its viewers, too. */
  close(): Promise<void> {
    this.#watcher.close();
    this.#publisher.stop();
    // Whatever the server thinks of it: nobody looks any more.
    setTimeout(() => this.#publisher.close(), 1000).unref();
    return Promise.resolve();
  }
}
