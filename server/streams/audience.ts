import type { ServerMessage, StreamStatus } from '../protocol.js';

/** Somebody who is told what happens to a stream. */
export interface Listener {
  send(message: ServerMessage): void;
}

interface Room {
  viewers: Set<Listener>;
  /** Told like viewers but not counted: the publisher. */
  others: Set<Listener>;
  /** The count that everyone was told last; undefined when some were told another. */
  announced: number | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Counts are announced at most twice a second. */
const COUNT_INTERVAL = 500;

/** Who watches which stream, live or not yet. */
export class Audience {
  #rooms = new Map<string, Room>();

  count(streamId: string): number {
    return this.#rooms.get(streamId)?.viewers.size ?? 0;
  }

  /** All viewers of all streams. */
  get total(): number {
    let total = 0;
    for (const room of this.#rooms.values()) total += room.viewers.size;
    return total;
  }

  /**
   * Counts a viewer. Tell it what it joined, then call {@link announceCount}.
   * @returns the count with it
   */
  join(streamId: string, viewer: Listener): number {
    const room = this.#room(streamId);
    if (!room.viewers.has(viewer)) {
      room.viewers.add(viewer);
      // The newcomer is told this count at once; whatever becomes of it must be announced.
      room.announced = undefined;
    }
    return room.viewers.size;
  }

  /** Tells everyone the count, unless all know it. */
  announceCount(streamId: string): void {
    if (this.#rooms.get(streamId)?.announced === undefined) this.#countChanged(streamId);
  }

  leave(streamId: string, viewer: Listener): void {
    if (!this.#rooms.get(streamId)?.viewers.delete(viewer)) return;
    this.#countChanged(streamId);
  }

  /** Tells a listener about a stream without counting it. */
  follow(streamId: string, listener: Listener): void {
    const room = this.#room(streamId);
    room.others.add(listener);
    if (room.announced !== room.viewers.size) room.announced = undefined;
    listener.send({ type: 'viewer-count', streamId, count: this.count(streamId) });
  }

  unfollow(streamId: string, listener: Listener): void {
    const room = this.#rooms.get(streamId);
    room?.others.delete(listener);
    this.#dropIfEmpty(streamId);
  }

  announceStatus(streamId: string, status: StreamStatus): void {
    this.#send(streamId, { type: 'stream-status', streamId, status });
  }

  clear(): void {
    for (const room of this.#rooms.values()) clearTimeout(room.timer);
    this.#rooms.clear();
  }

  #room(streamId: string): Room {
    let room = this.#rooms.get(streamId);
    if (!room) {
      room = { viewers: new Set(), others: new Set(), announced: 0, timer: undefined };
      this.#rooms.set(streamId, room);
    }
    return room;
  }

  /** Announces at once, then whatever the count has become when the interval is over. */
  #countChanged(streamId: string): void {
    const room = this.#rooms.get(streamId);
    if (!room || room.timer !== undefined) return;
    room.announced = room.viewers.size;
    this.#send(streamId, { type: 'viewer-count', streamId, count: room.announced });
    room.timer = setTimeout(() => {
      room.timer = undefined;
      if (room.viewers.size !== room.announced) this.#countChanged(streamId);
      else this.#dropIfEmpty(streamId);
    }, COUNT_INTERVAL);
  }

  #dropIfEmpty(streamId: string): void {
    const room = this.#rooms.get(streamId);
    if (!room || room.viewers.size > 0 || room.others.size > 0 || room.timer !== undefined) return;
    this.#rooms.delete(streamId);
  }

  #send(streamId: string, message: ServerMessage): void {
    const room = this.#rooms.get(streamId);
    if (!room) return;
    for (const listener of room.viewers) listener.send(message);
    // A publisher may watch its own stream.
    for (const listener of room.others) if (!room.viewers.has(listener)) listener.send(message);
  }
}
