import { setTimeout as delay } from 'node:timers/promises';

/** When something was at fault, milliseconds since the epoch. */
export interface Span {
  /** It had begun: what is encoded from here on has to get through. */
  from: number;
  /** It was over: recovery counts from here. */
  to: number;
}

/** Something lasts for so many seconds, and is taken back. */
export async function lasting(seconds: number, begin: () => unknown, end: () => unknown): Promise<Span> {
  await begin();
  const from = Date.now();
  await delay(seconds * 1000);
  await end();
  return { from, to: Date.now() };
}

/** Something happens, and nothing is to be taken back. */
export async function atOnce(happen: () => unknown): Promise<Span> {
  await happen();
  const now = Date.now();
  return { from: now, to: now };
}
