import type { Socket } from 'node:net';

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down';

/** What is wrong with one direction of a connection now. */
export interface LaneFaults {
  /** Nothing passes, neither bytes nor the news that the other end is gone. */
  stalled: boolean;
  /** Milliseconds. */
  delay: number;
  /** `Infinity`: as fast as it goes. */
  bytesPerSecond: number;
}

/** What waits to be passed on: bytes, or how the sender ended. */
interface Item {
  /** Milliseconds of `performance.now()`. */
  due: number;
  what: Buffer | 'end' | 'reset';
}

/** More than that waits with its sender, so that TCP slows it down as it would on a real network. */
const MAX_WAITING = 256 * 1024;

/** Of a delayed lane: what is on its way is not what waits. */
const MAX_DELAYED = 16 * 1024 * 1024;

/** A throttled lane passes at most so much at once, so that its rate is even, seconds of it. */
const SLICE = 0.02;

/** One direction of a connection through a {@link FaultyProxy}. */
export class FaultyLane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #faults: () => LaneFaults;
  readonly #onMoved: () => void;
  readonly #queue: Item[] = [];
  #waiting = 0;
  #bytes = 0;
  /** When a throttled lane may pass more, milliseconds. */
  #freeAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param faults asked again whenever something is to be passed on */
  constructor(from: Socket, to: Socket, faults: () => LaneFaults, onMoved: () => void) {
    this.#from = from;
    this.#to = to;
    this.#faults = faults;
    this.#onMoved = onMoved;
    from.on('data', (chunk: Buffer) => this.push(chunk));
    from.on('end', () => this.#add('end'));
    from.on('close', (hadError) => {
      if (hadError) this.#add('reset');
    });
    to.on('drain', () => this.pump());
    to.on('close', () => clearTimeout(this.#timer));
  }

  /** That were passed on. */
  get bytes(): number {
    return this.#bytes;
  }

  /** That came and were not passed on yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Puts bytes in as if the sender had sent them. */
  push(chunk: Buffer): void {
    this.#waiting += chunk.length;
    this.#add(chunk);
  }

  /** Passes on what may pass: to be called when the faults changed. */
  pump(): void {
    clearTimeout(this.#timer);
    while (this.#queue.length > 0 && !this.#to.writableNeedDrain) {
      const { stalled, bytesPerSecond } = this.#faults();
      if (stalled) break;
      const item = this.#queue[0]!;
      const wait = Math.max(item.due, this.#freeAt) - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.pump(), wait);
        break;
      }
      this.#pass(item, bytesPerSecond);
    }
    this.#heed();
  }

  #add(what: Item['what']): void {
    this.#queue.push({ due: performance.now() + this.#faults().delay, what });
    this.pump();
  }

  #pass(item: Item, bytesPerSecond: number): void {
    const { what } = item;
    if (what === 'reset') this.#to.resetAndDestroy();
    if (what === 'end') this.#to.end();
    if (typeof what === 'string') {
      this.#queue.shift();
      return;
    }
    const most = Number.isFinite(bytesPerSecond) ? Math.ceil(bytesPerSecond * SLICE) : what.length;
    const chunk = what.subarray(0, most);
    if (chunk.length === what.length) this.#queue.shift();
    else item.what = what.subarray(most);
    this.#freeAt = performance.now() + (chunk.length / bytesPerSecond) * 1000;
    this.#waiting -= chunk.length;
    this.#bytes += chunk.length;
    if (!this.#to.destroyed) this.#to.write(chunk);
    this.#onMoved();
  }

  #heed(): void {
    const { stalled, delay } = this.#faults();
    const most = delay > 0 ? MAX_DELAYED : MAX_WAITING;
    if (stalled || this.#waiting > most || this.#to.writableNeedDrain) this.#from.pause();
    else if (this.#from.isPaused()) this.#from.resume();
  }
}
