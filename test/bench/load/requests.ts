/** What the load generator is asked; see `generator.ts`. */
export type LoadRequest =
  | { kind: 'watch'; audience: Audience }
  | { kind: 'forget' }
  | { kind: 'leave' }
  | { kind: 'ask'; url: string; path: string; connections: number; seconds: number };

/** Viewers of one kind. */
export interface Audience {
  /** Of the server. */
  url: string;
  count: number;
  how: Watching;
}

export type Watching =
  | { kind: 'hls'; streamId: string }
  /** @param flush what is written at once. Default: parts */
  | { kind: 'mp4'; streamId: string; flush?: 'frame' }
  /** @param interval seconds */
  | { kind: 'static'; paths: string[]; interval: number };

export interface LoadAnswers {
  /** When each viewer has had its first part. */
  watch: undefined;
  forget: undefined;
  leave: Received;
  /** Answers that came. */
  ask: number;
}

/** What the viewers got since they were told to forget. */
export interface Received {
  /** By a part's key, when each viewer had all of it, milliseconds since the epoch. */
  parts: [key: number, at: number[]][];
  /** Viewers that saw no more. */
  failures: number;
  /** Of the first. */
  failure: string;
}
