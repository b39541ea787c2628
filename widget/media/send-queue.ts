import type { ClientMessage } from '../../server/protocol.js';

/** One binary message. */
interface Item {
  bytes: ArrayBuffer;
  /** When it was pushed, seconds. */
  time: number;
  /** What must be said right before it, each time it is sent: it has no number of its own. */
  before: readonly ClientMessage[];
}

/** Media that was given up. */
export interface Dropped {
  bytes: number;
  /** From the oldest to the newest of it. */
  seconds: number;
  /** Frames and audio chunks, or runs of a file's bytes. */
  messages: number;
}

/** Binary messages numbered from 0 by their order, each kept until it is acknowledged. */
export class SendQueue {
  #items: Item[] = [];
  #bytes = 0;
  /** Number of the first kept message. */
  #first = 0;
  /** Number of the next message to send on this connection. */
  #next = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the oldest kept message, or of the next one where none is kept. */
  get first(): number {
    return this.#first;
  }

  /** Of what was never sent on this connection. */
  get unsentBytes(): number {
    let bytes = 0;
    for (let at = this.#next - this.#first; at < this.#items.length; at++) {
      bytes += this.#items[at]!.bytes.byteLength;
    }
    return bytes;
  }

  /** Whether anything was sent on this connection that is not acknowledged. */
  get hasUnacknowledged(): boolean {
    return this.#next > this.#first;
  }

  /** Of the oldest kept message, seconds. */
  age(now: number): number {
    const oldest = this.#items[0];
    return oldest ? now - oldest.time : 0;
  }

  /** Of the oldest message that was never sent on this connection, seconds. */
  unsentAge(now: number): number {
    const oldest = this.#items[this.#next - this.#first];
    return oldest ? now - oldest.time : 0;
  }

  push(bytes: ArrayBuffer, time: number, before: readonly ClientMessage[] = []): void {
    this.#items.push({ bytes, time, before });
    this.#bytes += bytes.byteLength;
  }

  /** The message whose turn it is; undefined: all are sent. */
  nextToSend(): Item | undefined {
    const item = this.#items[this.#next - this.#first];
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
    const start = this.#next - this.#first;
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
  acknowledge(received: number): void {
    // An acknowledgement of messages that were never sent cannot be meant for this stream.
    if (received > this.#next) return;
    const count = Math.max(0, received - this.#first);
    for (const item of this.#items.splice(0, count)) this.#bytes -= item.bytes.byteLength;
    this.#first += count;
  }

  /**
   * Sends again from a message on.
   * @returns false where that message is not kept any more, or never was
   */
  resendFrom(received: number): boolean {
    if (received < this.#first || received > this.#first + this.#items.length) return false;
    this.#next = received;
    this.acknowledge(received);
    return true;
  }

  /** Forgets everything, and starts again with number 0. */
  clear(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#first = 0;
    this.#next = 0;
  }

  /**
   * Starts again with number 0 and the oldest kept message with which a receiver can begin that knows the newest
   * configuration only: not before the last one that changed.
   * @returns what cannot be used; `complete`: something is left
   */
  beginAnew(canBegin: (bytes: ArrayBuffer) => boolean): Dropped & { complete: boolean } {
    const changed = this.#items.findLastIndex(({ before }) => before.length > 0);
    const start = this.#items.findIndex(({ bytes }, at) => at >= changed && canBegin(bytes));
    const gone = this.#items.splice(0, start < 0 ? this.#items.length : start);
    const heir = this.#items[0];
    // The receiver is told with the start of the stream.
    if (heir) heir.before = [];
    const dropped = droppedOf(gone);
    this.#bytes -= dropped.bytes;
    this.#first = 0;
    this.#next = 0;
    return { ...dropped, complete: heir !== undefined };
  }
}

function droppedOf(gone: readonly Item[]): Dropped {
  return {
    bytes: gone.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    seconds: (gone.at(-1)?.time ?? 0) - (gone[0]?.time ?? 0),
    messages: gone.length,
  };
}
