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

/** How long a right that was taken away before its time may last, milliseconds. */
const CHECK_INTERVAL = 5000;

/** How often one whose right lasts no time at all is asked for another, milliseconds. */
const ASK_INTERVAL = 1000;

/** Lets viewers in. */
export class PlaybackGate {
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
}

/**
 * Calls back when an admission is over and there is no other.
 * @param admit asks again: an app's word holds for a while, and is mostly the same the next time
 * @returns forgets it
 */
export function whenOver(
  admission: Admission,
  admit: () => Promise<Admission>,
  onOver: () => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isForgotten = false;
  const again = async (): Promise<void> => {
    const next = await admit().catch(() => undefined);
    if (isForgotten) return;
    if (next) wait(next, ASK_INTERVAL);
    else onOver();
  };
  /** @param least milliseconds */
  const wait = (current: Admission, least = 0): void => {
    const left = Math.max(least, current.ends() - Date.now());
    if (left === Infinity) return;
    if (left > 0) timer = setTimeout(() => wait(current), Math.min(left, CHECK_INTERVAL));
    else void again();
  };
  wait(admission);
  return () => {
    isForgotten = true;
    clearTimeout(timer);
  };
}
