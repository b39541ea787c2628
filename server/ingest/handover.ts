import type { Ingest } from './ingest.js';

/**
 * How long a server that restarts goes on until the next key frame, with which the next one begins, milliseconds: most publishers
 * send one a second.
 */
const GROUP_TIME = 1500;

/** How long it then waits for sound that comes later than its picture, milliseconds. */
const LATE_TIME = 300;

/** Finds the message with which the next process begins, and takes what comes after it and belongs before it. */
export class Handover {
  /** Resolves when this process is to take nothing any more, such a message or not. */
  readonly over: Promise<void>;
  #first: Uint8Array | undefined;
  #isOver = false;
  #settle!: () => void;
  #timer: ReturnType<typeof setTimeout>;

  constructor(private readonly ingest: Pick<Ingest, 'canBegin' | 'takeLate'>) {
    this.over = new Promise((resolve) => (this.#settle = resolve));
    this.#timer = setTimeout(() => this.#settle(), GROUP_TIME);
  }

  /** @returns whether a message is not this process's to count: from that one on */
  takes(bytes: Uint8Array): boolean {
    if (this.#isOver) return true;
    const isFirst = !this.#first;
    if (isFirst && !this.ingest.canBegin?.(bytes)) return false;
    this.#first ??= bytes;
    const mayMoreCome = this.ingest.takeLate?.(this.#first, isFirst ? undefined : bytes) ?? false;
    if (!mayMoreCome) this.end();
    else if (isFirst) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.end(), LATE_TIME);
    }
    return true;
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#settle();
  }
}
