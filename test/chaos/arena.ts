import { mkdtemp, rm } from 'node:fs/promises';
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
import { SmallDisk } from './small-disk.js';
import { Together } from './together.js';
import type { Target } from './target.js';

/** A server, the streams that are on it all the time, and what faults need beside. */
export class Arena {
  #browser: Promise<Browser> | undefined;
  #pages: PageStream | undefined;
  #everything: Target | undefined;
  #streams = 0;

  private constructor(
    readonly folder: string,
    /** What the server runs as its ffmpeg: may be put at fault. */
    readonly ffmpeg: FaultyFfmpeg,
    /** Where the server keeps what it remembers. */
    readonly disk: SmallDisk,
    readonly server: ChaosServer,
    /** One of frames and one of a container, to whom nothing is done. */
    readonly others: readonly Target[],
    /**
     * A stream on another server of this machine: what happens to it too is the machine's doing, which others may use, and not the
     * fault's.
     */
    readonly control: Target,
    private readonly controlServer: ChaosServer,
  ) {}

  static async open(): Promise<Arena> {
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-chaos-'));
    const ffmpeg = await FaultyFfmpeg.create(join(folder, 'ffmpeg'), ffmpegPath);
    const disk = await SmallDisk.create(join(folder, 'data'));
    const servers: ChaosServer[] = [];
    const streams: NumberedStream[] = [];
    try {
      const server = await ChaosServer.start(['--ffmpeg', ffmpeg.path, '--data', disk.path]);
      servers.push(server);
      const controlServer = await ChaosServer.start(['--data', join(folder, 'control')]);
      servers.push(controlServer);
      streams.push(await NumberedStream.start(server, 'other-frames', 'frames'));
      streams.push(await NumberedStream.start(server, 'other-container', 'container'));
      const control = await NumberedStream.start(controlServer, 'control', 'frames');
      return new Arena(folder, ffmpeg, disk, server, streams, control, controlServer);
    } catch (error) {
      await Promise.all(streams.map((stream) => stream.close()));
      await Promise.all(servers.map((server) => server.close()));
      await disk.remove();
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
    return (this.#everything = new Together([...this.others, await this.pages()]));
  }

  /** Gives up what a fault has broken, except the others. */
  async discard(target: Target | undefined): Promise<void> {
    const victim = target === this.#everything ? this.#pages : target;
    if (victim === this.#pages) this.#pages = undefined;
    await victim?.close();
  }

  /** Keeps the pages for the next fault, and ends what was made for this one. */
  async release(target: Target | undefined): Promise<void> {
    if (target !== this.#pages && target !== this.#everything) await target?.close();
  }

  /** @returns what is wrong: a server that did not live until now */
  async close(): Promise<string | undefined> {
    await this.#pages?.close();
    await (await this.#browser)?.close();
    await Promise.all([...this.others, this.control].map((stream) => stream.close()));
    await this.controlServer.close();
    const { output } = this.server;
    const lived = await this.server.close();
    await this.disk.remove();
    await rm(this.folder, { recursive: true, force: true });
    return lived ? undefined : `the server ended by itself:\n${output.slice(-2000)}`;
  }
}
