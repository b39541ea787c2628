import type { Context } from 'hono';
import type { Access } from '../access/access.js';
import type { Stream } from '../streams/stream.js';

/** A viewer who was let in where not everybody is. */
export interface Admission {
  /** To be in every URI of what it is given. */
  token: string | undefined;
  /** When it ends, milliseconds since the epoch; later when it was renewed meanwhile. */
  ends(): number;
}

/** How often it is looked whose right is over, milliseconds: so much longer it may last. */
const LOOK_INTERVAL = 1000;

/** Somebody who is being served for as long as there is a right to it. */
interface Watch {
  admission: Admission;
  /** Asks again: an app's word holds for a while, and is mostly the same the next time. */
  admit(): Promise<Admission>;
  onOver(): void;
  isAsking: boolean;
}

/** Lets viewers in. */
export class PlaybackGate {
  /** With one timer for all: there are as many as viewers. */
  #watched = new Set<Watch>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly access: Access) {}

  /** Whether anybody is asked for anything: mostly not, and then nothing is looked at. */
  guards(stream: Stream): boolean {
    return this.access.guards(stream);
  }

  /** @throws LivestreamError UNAUTHORIZED */
  async admit(c: Context, stream: Stream): Promise<Admission> {
    const token = c.req.query('token');
    const pass = await this.access.authorizePlay({ streamId: stream.id, token, context: c }, stream);
    return { token, ends: () => pass.ends() };
  }

  /**
   * Calls back when an admission is over and there is no other.
   * @returns forgets it
   */
  whenOver(admission: Admission, admit: () => Promise<Admission>, onOver: () => void): () => void {
    const watch: Watch = { admission, admit, onOver, isAsking: false };
    this.#watched.add(watch);
    this.#timer ??= setInterval(() => this.#look(), LOOK_INTERVAL);
    return () => this.#forget(watch);
  }

  #look(): void {
    const now = Date.now();
    for (const watch of this.#watched) {
      if (!watch.isAsking && watch.admission.ends() <= now) void this.#askAgain(watch);
    }
  }

  async #askAgain(watch: Watch): Promise<void> {
    watch.isAsking = true;
    const next = await watch.admit().catch(() => undefined);
    watch.isAsking = false;
    if (next) watch.admission = next;
    else if (this.#forget(watch)) watch.onOver();
  }

  /** @returns whether it was not forgotten yet */
  #forget(watch: Watch): boolean {
    const wasThere = this.#watched.delete(watch);
    if (this.#watched.size > 0) return wasThere;
    clearInterval(this.#timer);
    this.#timer = undefined;
    return wasThere;
  }
}
