import { setTimeout as delay } from 'node:timers/promises';
import type { LivedropError } from '../../widget/errors.js';
import type { Arena } from './arena.js';
import { NumberedStream } from './numbered-stream.js';
import type { Target, Verdict } from './target.js';

/** How often it is looked whether something happened, ms. */
const POLL = 50;

/** A container's stream and the ffmpeg that the server runs for it. */
export class TranscodedStream implements Target {
  private constructor(
    private readonly stream: NumberedStream,
    private readonly arena: Arena,
    /** Process ids. */
    private readonly ofOthers: readonly number[],
  ) {}

  static async start(arena: Arena): Promise<TranscodedStream> {
    const before = await arena.server.transcoders();
    const stream = await NumberedStream.start(arena.server, arena.newName(), 'container');
    return new TranscodedStream(stream, arena, before);
  }

  get name(): string {
    return this.stream.name;
  }

  /** @param signal to its ffmpeg as it runs now */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const own = await this.transcoders();
    if (own.length === 0) throw new Error(`no ffmpeg runs for ${this.name}`);
    for (const pid of own) process.kill(pid, signal);
  }

  /** Process ids of its own. */
  async transcoders(): Promise<number[]> {
    const all = await this.arena.server.transcoders();
    return all.filter((pid) => !this.ofOthers.includes(pid));
  }

  /** Resolves when it is published no more, with the code of why. */
  async failed(): Promise<string> {
    while (!this.stream.problem) await delay(POLL);
    return (this.stream.problem as LivedropError).code;
  }

  afterKey(ms: number): Promise<void> {
    return this.stream.afterKey(ms);
  }

  recovered(encodedFrom: number, seenFrom?: number): Promise<number> {
    return this.stream.recovered(encodedFrom, seenFrom);
  }

  settled(patience: number): Promise<Verdict[]> {
    return this.stream.settled(patience);
  }

  close(): Promise<void> {
    return this.stream.close();
  }
}
