import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { within } from '../bench/deadline.js';
import { launchChromium } from '../helpers/chromium.js';
import { FaultyFfmpeg } from '../helpers/faulty-ffmpeg.js';
import { ffmpegPath } from '../helpers/media.js';
import { ChaosServer } from './chaos-server.js';
import { NumberedStream } from './numbered-stream.js';
import { PageStream } from './page-stream.js';
import { Together } from './together.js';
import type { Target } from './target.js';

/** A server, the streams that are on it all the time, and what faults need beside. */
export class Arena {
  #browser: Promise<Browser> | undefined;
  #pages: PageStream | undefined;
  #streams = 0;

  private constructor(
    readonly folder: string,
    /** What the server runs as its ffmpeg: may be put at fault. */
    readonly ffmpeg: FaultyFfmpeg,
    readonly server: ChaosServer,
    /** One of frames and one of a container, to whom nothing is done. */
    readonly others: readonly Target[],
  ) {}

  static async open(): Promise<Arena> {
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-chaos-'));
    const ffmpeg = await FaultyFfmpeg.create(join(folder, 'ffmpeg'), ffmpegPath);
    const data = join(folder, 'data');
    await mkdir(data);
    const server = await ChaosServer.start(['--ffmpeg', ffmpeg.path, '--data', data]);
    const others: NumberedStream[] = [];
    try {
      others.push(await NumberedStream.start(server, 'other-frames', 'frames'));
      others.push(await NumberedStream.start(server, 'other-container', 'container'));
      return new Arena(folder, ffmpeg, server, others);
    } catch (error) {
      await Promise.all(others.map((stream) => stream.close()));
      await server.close();
      throw error;
    }
  }

  /** A name that no stream had. */
  newName(): string {
    return `chaos-${++this.#streams}`;
  }

  get hasBrowser(): boolean {
    return this.#browser !== undefined;
  }

  /** Started when the first fault asks for it. */
  browser(): Promise<Browser> {
    return (this.#browser ??= within(60, 'the start of Chromium', launchChromium()));
  }

  /** The broadcaster's and the viewer's page: the same for all faults that leave them alive. */
  async pages(): Promise<PageStream> {
    return (this.#pages ??= await PageStream.open(await this.browser(), this.server.url, this.newName()));
  }

  /** All streams that there are, the pages' among them. */
  async everything(): Promise<Target> {
    return new Together([...this.others, await this.pages()]);
  }

  /** Gives up what a fault has broken. */
  async discard(target: Target | undefined): Promise<void> {
    if (target === this.#pages) this.#pages = undefined;
    await target?.close();
  }

  /** Keeps the pages for the next fault, and ends what was made for this one. */
  async release(target: Target | undefined): Promise<void> {
    if (target !== this.#pages) await target?.close();
  }

  /** @returns what is wrong: a server that did not live until now */
  async close(): Promise<string | undefined> {
    await this.#pages?.close();
    await (await this.#browser)?.close();
    await Promise.all(this.others.map((stream) => stream.close()));
    const { output } = this.server;
    const lived = await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
    return lived ? undefined : `the server ended by itself:\n${output.slice(-2000)}`;
  }
}
