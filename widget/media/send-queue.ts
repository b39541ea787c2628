import type { ClientMessage } from '../../server/protocol.js';

/** One binary message. */
interface Item {
  bytes: ArrayBuffer;
  /** When it was pushed, seconds. */
  time: number;
  /** What must be said right before it, each time it is sent: it has no number of its own. */
  before: readonly ClientMessage[];
  /** When the server said that it has it, seconds. */
  acknowledgedAt?: number | undefined;
  /** When it turned out that the server has lost it, seconds. */
  lostAt?: number | undefined;
}

/**
 * What was acknowledged so long before the newest, seconds, viewers have seen: it was packaged, and fetched. What is younger may have
 * been in the server's memory alone.
 */
const SEEN = 1.5;

/** Media that was given up. */
export interface Dropped {
  bytes: number;
  /** From the oldest to the newest of it. */
  seconds: number;
  /** Frames and audio chunks, or runs of a file's bytes. */
  messages: number;
}

/**
 * Binary messages numbered from 0 by their order, each kept until it is acknowledged, and for a while longer: a server that dies takes
 * along what no viewer has fetched yet.
 */
export class SendQueue {
  /** Those that are acknowledged come first. */
  #items: Item[] = [];
  /** Number of the first item. */
  #oldest = 0;
  /** Number of the first that is not acknowledged. */
  #first = 0;
  /** Number of the next message to send on this connection. */
  #next = 0;
  #bytes = 0;
  /** Of what is kept although it is acknowledged. */
  #acknowledgedBytes = 0;

  /** @param memory how long acknowledged messages are kept, seconds, while others are acknowledged */
  constructor(private readonly memory = 0) {}

  /** Of what is not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the oldest message that is kept, acknowledged or not, or of the next one where none is. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Number of the oldest message that is not acknowledged, or of the next one where all are. */
  get first(): number {
    return this.#first;
  }

  /** Of what was never sent on this connection. */
  get unsentBytes(): number {
    return bytesOf(this.#items.slice(this.#next - this.#oldest));
  }

  /** Whether anything was sent on this connection that is not acknowledged. */
  get hasUnacknowledged(): boolean {
    return this.#next > this.#first;
  }

  /** Of the oldest message that is not acknowledged, seconds. */
  age(now: number): number {
    return this.#ageOf(this.#first, now);
  }

  /** Of the oldest message that was never sent on this connection, seconds. */
  unsentAge(now: number): number {
    return this.#ageOf(this.#next, now);
  }

  push(bytes: ArrayBuffer, time: number, before: readonly ClientMessage[] = []): void {
    this.#items.push({ bytes, time, before });
    this.#bytes += bytes.byteLength;
  }

  /** The message whose turn it is; undefined: all are sent. */
  nextToSend(): Item | undefined {
    const item = this.#items[this.#next - this.#oldest];
    if (item) this.#next += 1;
    return item;
  }

  /**
   * Gives up the oldest messages that were never sent, up to the next with which a receiver can begin, or all of them
   * where there is none. Those that were sent keep their numbers, those that follow take the numbers of what is gone.
   * @returns `complete`: what follows can be read without what is gone; `before`: what is to be said before the next message
   */
  dropUnsentGroup(
    canBegin: (bytes: ArrayBuffer) => boolean,
  ): Dropped & { complete: boolean; before: readonly ClientMessage[] } {
    const start = this.#next - this.#oldest;
    let end = start + 1;
    while (end < this.#items.length && !canBegin(this.#items[end]!.bytes)) end += 1;
    const gone = this.#items.splice(start, end - start);
    const heir = this.#items[start];
    // What was said before something that is gone still has to be said.
    const before = gone.flatMap((item) => item.before);
    if (heir && before.length > 0) heir.before = [...before, ...heir.before];
    const dropped = droppedOf(gone);
    this.#bytes -= dropped.bytes;
    return { ...dropped, complete: heir !== undefined, before: heir ? [] : before };
  }

  /** @param received how many messages from the first on the server holds */
  acknowledge(received: number, now: number): void {
    // An acknowledgement of messages that were never sent cannot be meant for this stream.
    if (received <= this.#first || received > this.#next) return;
    const count = received - this.#oldest;
    for (const item of this.#items.slice(this.#first - this.#oldest, count)) {
      item.acknowledgedAt = now;
      this.#bytes -= item.bytes.byteLength;
      this.#acknowledgedBytes += item.bytes.byteLength;
    }
    this.#first = received;
    const isOld = ({ acknowledgedAt = now }: Item): boolean => acknowledgedAt <= now - this.memory;
    const young = this.#items.findIndex((item, at) => at >= count || !isOld(item));
    this.#forget(young < 0 ? count : young);
  }

  /** Forgets the oldest acknowledged messages while all that is kept has more bytes than that. */
  makeRoom(maxBytes: number): void {
    let excess = this.#bytes + this.#acknowledgedBytes - maxBytes;
    let count = 0;
    while (excess > 0 && count < this.#first - this.#oldest) excess -= this.#items[count++]!.bytes.byteLength;
    this.#forget(count);
  }

  /**
   * Sends again from a message on, acknowledged or not.
   * @returns false where that message is not kept any more, or never was
   */
  resendFrom(received: number, now: number): boolean {
    if (received < this.#oldest || received > this.#oldest + this.#items.length) return false;
    this.#next = received;
    if (received < this.#first) this.#recall(received, now);
    else this.acknowledge(received, now);
    return true;
  }

  /** Forgets everything, and starts again with number 0. */
  clear(): void {
    this.#items = [];
    this.#oldest = this.#first = this.#next = 0;
    this.#bytes = this.#acknowledgedBytes = 0;
  }

  /**
   * Where a receiver goes on that has lost what it had, and knows the newest configuration only: with the newest message that it can
   * begin with and before which viewers have seen everything, or else with the oldest.
   * @returns its number; undefined: there is none
   */
  beginning(canBegin: (bytes: ArrayBuffer) => boolean): number | undefined {
    const changed = this.#items.findLastIndex(({ before }) => before.length > 0);
    const seenAt = (this.#items[this.#first - 1 - this.#oldest]?.acknowledgedAt ?? 0) - SEEN;
    let best: number | undefined;
    for (let at = Math.max(0, changed); at < this.#items.length; at++) {
      const { bytes, acknowledgedAt = Infinity } = this.#items[at]!;
      if (best !== undefined && acknowledgedAt > seenAt) break;
      if (canBegin(bytes)) best = at;
    }
    return best === undefined ? undefined : this.#oldest + best;
  }

  /**
   * Starts again with number 0 and {@link beginning}.
   * @returns what cannot be used of what was not acknowledged; `complete`: something is left
   */
  beginAnew(canBegin: (bytes: ArrayBuffer) => boolean, now: number): Dropped & { complete: boolean } {
    const start = this.beginning(canBegin) ?? this.#oldest + this.#items.length;
    const gone = this.#items.splice(0, start - this.#oldest);
    const heir = this.#items[0];
    // The receiver is told with the start of the stream.
    if (heir) heir.before = [];
    this.#oldest = this.#first = this.#next = 0;
    this.#recall(0, now);
    const dropped = droppedOf(gone.filter(({ acknowledgedAt }) => acknowledgedAt === undefined));
    return { ...dropped, complete: heir !== undefined };
  }

  #ageOf(number: number, now: number): number {
    const item = this.#items[number - this.#oldest];
    return item ? now - (item.lostAt ?? item.time) : 0;
  }

  /** From a message on none is acknowledged any more: the receiver has lost them. */
  #recall(number: number, now: number): void {
    this.#first = number;
    const lost = this.#items.slice(number - this.#oldest);
    for (const item of lost) {
      if (item.acknowledgedAt !== undefined) item.lostAt = now;
      item.acknowledgedAt = undefined;
    }
    this.#bytes = bytesOf(lost);
    this.#acknowledgedBytes = bytesOf(this.#items.slice(0, number - this.#oldest));
  }

  /** @param count of acknowledged ones, the oldest first */
  #forget(count: number): void {
    this.#acknowledgedBytes -= bytesOf(this.#items.splice(0, count));
    this.#oldest += count;
  }
}

function bytesOf(items: readonly Item[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}

function droppedOf(gone: readonly Item[]): Dropped {
  return {
    bytes: bytesOf(gone),
    seconds: (gone.at(-1)?.time ?? 0) - (gone[0]?.time ?? 0),
    messages: gone.length,
  };
}
