import type { JoinStreamMessage } from '../../server/protocol.js';

/** The streams that a viewer has joined. */
export class Joins {
  /** By stream, the viewer's first token: a player that cannot change its addresses has it in them. */
  readonly #first = new Map<string, string | undefined>();

  get size(): number {
    return this.#first.size;
  }

  add(streamId: string): void {
    if (!this.#first.has(streamId)) this.#first.set(streamId, undefined);
  }

  /** @returns whether it was joined */
  delete(streamId: string): boolean {
    return this.#first.delete(streamId);
  }

  [Symbol.iterator](): Iterator<string> {
    return [...this.#first.keys()].values();
  }

  /** What joins a stream, or tells of a token that is newer. */
  message(streamId: string, token: string | undefined): JoinStreamMessage {
    if (!token) return { type: 'join-stream', streamId };
    const first = this.#first.get(streamId) ?? token;
    this.#first.set(streamId, first);
    return { type: 'join-stream', streamId, token, ...(first === token ? {} : { renews: first }) };
  }
}
