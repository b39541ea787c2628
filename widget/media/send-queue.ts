interface Item {
  bytes: ArrayBuffer;
  /** When it was pushed, seconds. */
  time: number;
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

  /** Whether anything was sent on this connection that is not acknowledged. */
  get hasUnacknowledged(): boolean {
    return this.#next > this.#first;
  }

  /** Of the oldest kept message, seconds. */
  age(now: number): number {
    const oldest = this.#items[0];
    return oldest ? now - oldest.time : 0;
  }

  push(bytes: ArrayBuffer, time: number): void {
    this.#items.push({ bytes, time });
    this.#bytes += bytes.byteLength;
  }

  /** The message whose turn it is; undefined: all are sent. */
  nextToSend(): ArrayBuffer | undefined {
    const item = this.#items[this.#next - this.#first];
    if (item) this.#next += 1;
    return item?.bytes;
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

  /** Forgets what is kept, not how it is numbered. */
  drop(): void {
    this.#first += this.#items.length;
    this.#next = this.#first;
    this.#items = [];
    this.#bytes = 0;
  }

  /** Starts again with number 0. */
  clear(): void {
    this.drop();
    this.#first = 0;
    this.#next = 0;
  }
}
