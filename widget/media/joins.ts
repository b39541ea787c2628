import type { JoinStreamMessage } from '../../server/protocol.js';

/** The streams that a viewer has joined. */
export class Joins {
  /** By stream, the token in a player's addresses, which it cannot change; where nobody told it, the first of all. */
  readonly #addressed = new Map<string, string | undefined>();

  get size(): number {
    return this.#addressed.size;
  }

  add(streamId: string): void {
    if (!this.#addressed.has(streamId)) this.#addressed.set(streamId, undefined);
  }

  /** @returns whether it was joined */
  delete(streamId: string): boolean {
    return this.#addressed.delete(streamId);
  }

  [Symbol.iterator](): Iterator<string> {
    return [...this.#addressed.keys()].values();
  }

  /** A player begins with addresses that have a token. */
  loaded(streamId: string, token: string | undefined): void {
    if (token && this.#addressed.has(streamId)) this.#addressed.set(streamId, token);
  }

  /** What joins a stream, or tells of a token that is newer. */
  message(streamId: string, token: string | undefined): JoinStreamMessage {
    if (!token) return { type: 'join-stream', streamId };
    const inAddress = this.#addressed.get(streamId) ?? token;
    this.#addressed.set(streamId, inAddress);
    return { type: 'join-stream', streamId, token, ...(inAddress === token ? {} : { renews: inAddress }) };
  }
}
