import type { Balance } from './ledger.js';
import type { Breaks } from './sample-watcher.js';

/** Frames need no ffmpeg, a container does. */
export type StreamKind = 'frames' | 'container';

/** What became of a stream since it was last asked. */
export interface Verdict extends Omit<Balance, 'delays'>, Breaks {
  stream: string;
  kind: StreamKind;
  /** Of the slowest part, milliseconds; see `Balance.delays`. 0 of none. */
  slowest: number;
  /** How often the player of a viewer's page threw away what it had, and loaded anew. Undefined: there is no page. */
  reloads?: number;
}

/** What a fault is done to: a stream, or its viewer. */
export interface Target {
  /** Of its stream. */
  readonly name: string;
  /**
   * Resolves when viewers have something that was encoded after a time, with when that was; all of them milliseconds since the
   * epoch.
   * @param seenFrom what they had before does not count. Default: everything does
   * @throws Error when that cannot happen any more
   */
  recovered(encodedFrom: number, seenFrom?: number): Promise<number>;
  /**
   * What happened since the last call, of each stream that it is, once viewers have all that was encoded until now.
   * @param patience what is missing after so many seconds is lost
   */
  settled(patience: number): Promise<Verdict[]>;
  /** Ends it. */
  close(): Promise<void>;
}

/** What two looks at a ledger and at a watcher tell. */
export function verdictOf(
  { name, kind }: { name: string; kind: StreamKind },
  balance: Balance,
  breaks: Breaks,
): Verdict {
  const { delays, ...counts } = balance;
  return { stream: name, kind, ...counts, ...breaks, slowest: Math.max(0, ...delays) };
}
