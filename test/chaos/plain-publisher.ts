import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '../../widget/media/connection.js';
import { Publisher } from '../../widget/media/publisher.js';
import { installPageGlobals } from '../helpers/node-broadcaster.js';
import type { NumberedMedia } from './numbered-media.js';
import type { TrackLedgers } from './track-ledgers.js';

/** Not before somebody publishes: tests that only name this file share their process with others. */
let hasGlobals = false;

/** The widget's own publisher, which comes back and resumes, fed in real time with numbered media. */
export class PlainPublisher {
  /** Why it publishes no more, once that is so. */
  problem: Error | undefined;
  /** When it last sent a key frame, milliseconds of `performance.now()`. */
  keySentAt = 0;
  /** Time of the media that it sent last, seconds from its beginning. */
  sentUntil = 0;
  /** How often the server took the stream anew, and not where it was. */
  afresh = -1;

  readonly #media: NumberedMedia;
  readonly #ledgers: TrackLedgers;
  readonly #publisher: Publisher;
  readonly #connection: Connection;
  /** Nothing may be sent before a key frame, and in front of it what a file begins with. */
  #begins = true;
  #isStopped = false;

  /** @param url of the endpoint, `ws://…/livestream/ws` */
  constructor(url: string, streamId: string, media: NumberedMedia, ledgers: TrackLedgers) {
    if (!hasGlobals) installPageGlobals();
    hasGlobals = true;
    this.#media = media;
    this.#ledgers = ledgers;
    this.#publisher = new Publisher(
      () => ({ streamId, format: media.format }),
      {
        bufferedAmount: () => this.#connection.bufferedAmount,
        send: (message) => this.#connection.send(message),
        sendData: (bytes) => this.#connection.sendData(bytes),
        restart: (reason, retryAfter) => this.#connection.restart(reason, retryAfter),
        tick: () => this.#connection.tick(),
      },
      {
        onStarted: (_message, resumed) => {
          if (!resumed) this.afresh++;
        },
        onRestartEncoder: () => (this.#begins = true),
        onDropped: () => {},
      },
    );
    this.#connection = new Connection(() => url, {
      onOpen: () => this.#publisher.connectionOpened(),
      onMessage: (message) => this.#publisher.handle(message),
      onLost: (error, retrying) => {
        this.#publisher.connectionLost();
        if (!retrying && !this.#isStopped) this.problem = error;
      },
      isUrgent: () => !this.#isStopped,
      mayReturn: ({ code }) => code === 'STREAM_IN_USE' && this.#publisher.mayBeInUseByUs,
    });
    this.#connection.open();
    void this.#send();
  }

  /** Ends the stream, and does not wait for it. */
  stop(): void {
    this.#isStopped = true;
    this.#publisher.stop();
  }

  close(): void {
    this.#isStopped = true;
    this.#connection.close();
  }

  async #send(): Promise<void> {
    const start = performance.now();
    for (const message of this.#media.messages()) {
      const wait = start + message.time * 1000 - performance.now();
      if (wait > 1) await delay(wait);
      if (this.#isStopped) return;
      // An encoder that begins anew makes a key frame at once; this one's pictures were made long ago.
      if (this.#begins && !message.isKey) continue;
      if (message.digest !== undefined) {
        const at = performance.timeOrigin + performance.now();
        this.#ledgers.encode(message.kind, { digest: message.digest, at });
      }
      const isFirst = this.#begins;
      this.#begins = false;
      this.#publisher.push(message.bytes(isFirst));
      this.sentUntil = message.time;
      if (message.isKey) this.keySentAt = performance.now();
    }
  }
}
