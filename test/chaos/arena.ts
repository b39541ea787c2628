import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { within } from '../bench/deadline.js';
import { launchChromium } from '../helpers/chromium.js';
import { FaultyFfmpeg } from '../helpers/faulty-ffmpeg.js';
import { ffmpegPath } from '../helpers/media.js';
import { RestartedServer } from '../helpers/restarted-server.js';
import { noiseWav } from './noise-wav.js';
import { NumberedStream } from './numbered-stream.js';
import { PageStream } from './page-stream.js';
import { SmallDisk } from './small-disk.js';
import { Together } from './together.js';
import type { Target } from './target.js';

/** Longest that one part of an arena takes to close, seconds: the others are closed all the same. */
const CLOSING = 10;

/**
 * Longer than any fault: what a publisher kept the server takes all at once, and by default the beginning of it would have left the
 * playlist before anybody could ask for it.
 */
const WINDOW = ['--window', '60'];

/** Of what the microphone hears, again and again, seconds. */
const NOISE = 20;

/** Its clock can be set. */
const CLOCK = {
  NODE_OPTIONS: `--import ${new URL('../fixtures/settable-clock.mjs', import.meta.url).href}`,
};

/** Of this machine, the one that says for whom it asks: crowds have addresses of their own. */
const PROXY = ['--trust-proxy', '127.0.0.1'];

/** What was started, and is to be ended. */
interface Parts {
  folder: string;
  streams: Target[];
  servers: RestartedServer[];
  disk?: SmallDisk;
}

/** A server, the streams that are on it all the time, and what faults need beside. */
export class Arena {
  #browser: Promise<Browser> | undefined;
  #pages: PageStream | undefined;
  #everything: Target | undefined;
  #streams = 0;
  #closing: Promise<string[]> | undefined;

  private constructor(
    private readonly parts: Parts,
    /** What the server runs as its ffmpeg: may be put at fault. */
    readonly ffmpeg: FaultyFfmpeg,
    /** Where the server keeps what it remembers. */
    readonly disk: SmallDisk,
    readonly server: RestartedServer,
    /** One of frames and one of a container, to whom nothing is done. */
    readonly others: readonly NumberedStream[],
    /**
     * A stream on another server of this machine: what happens to it too is the machine's doing, which others may use, and not the
     * fault's.
     */
    readonly control: Target,
  ) {}

  static async open(): Promise<Arena> {
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-chaos-'));
    const parts: Parts = { folder, streams: [], servers: [] };
    const start = async (args: string[], env = {}): Promise<RestartedServer> => {
      const server = await RestartedServer.start(args, env);
      parts.servers.push(server);
      return server;
    };
    const publish = async (...about: Parameters<typeof NumberedStream.start>): Promise<NumberedStream> => {
      const stream = await NumberedStream.start(...about);
      parts.streams.push(stream);
      return stream;
    };
    try {
      const ffmpeg = await FaultyFfmpeg.create(join(folder, 'ffmpeg'), ffmpegPath);
      const disk = (parts.disk = await SmallDisk.create(join(folder, 'data')));
      const args = ['--ffmpeg', ffmpeg.path, '--data', disk.path, ...WINDOW, ...PROXY];
      const server = await start(args, CLOCK);
      const controlServer = await start(['--data', join(folder, 'control')]);
      const others = [
        await publish(server, 'other-frames', 'frames'),
        await publish(server, 'other-container', 'container'),
      ];
      return new Arena(
        parts,
        ffmpeg,
        disk,
        server,
        others,
        await publish(controlServer, 'control', 'frames'),
      );
    } catch (error) {
      await closeParts(parts);
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
    return (this.#browser ??= within(60, 'the start of Chromium', this.#launch()));
  }

  async #launch(): Promise<Browser> {
    const microphone = join(this.parts.folder, 'noise.wav');
    await writeFile(microphone, noiseWav(NOISE));
    return launchChromium({ handlesSignals: false, microphone });
  }

  /** The broadcaster's and the viewer's page: the same for all faults that leave them alive. */
  async pages(): Promise<PageStream> {
    return (this.#pages ??= await PageStream.open(await this.browser(), this.server.url, this.newName()));
  }

  /** All streams that there are, the pages' among them. */
  async everything(): Promise<Target> {
    return (this.#everything = new Together([...this.others, await this.pages()]));
  }

  /** What stays for the faults to come, beside the others. */
  get kept(): readonly Target[] {
    return this.#pages ? [this.#pages] : [];
  }

  /** Gives up what a fault has broken, except the others. */
  async discard(target: Target | undefined): Promise<void> {
    if (!target) return;
    const victim = target === this.#everything ? this.#pages : target;
    if (victim === this.#pages) this.#pages = undefined;
    await within(CLOSING, 'the end of what was broken', victim?.close() ?? Promise.resolve());
  }

  /** Keeps the pages for the next fault, and ends what was made for this one. */
  async release(target: Target | undefined): Promise<void> {
    if (target !== this.#pages && target !== this.#everything) await target?.close();
  }

  /** @returns what is wrong: what could not be closed, a server that did not live until now */
  close(): Promise<string[]> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<string[]> {
    const hasEnded = this.server.hasEnded;
    const { output } = this.server;
    const problems = await closeAll([
      ...this.kept.map((pages) => () => pages.close()),
      ...this.parts.streams.map((stream) => () => stream.close()),
    ]);
    problems.push(...(await closeAll([async () => (await this.#browser)?.close()])));
    problems.push(...(await closeParts({ ...this.parts, streams: [] })));
    if (hasEnded) problems.push(`the server ended by itself:\n${output.slice(-2000)}`);
    return problems;
  }
}

/** What stays after this process, such as a disk that is mounted, comes last, and whatever became of the rest. */
async function closeParts({ folder, streams, servers, disk }: Parts): Promise<string[]> {
  return [
    ...(await closeAll(streams.map((stream) => () => stream.close()))),
    ...(await closeAll(servers.map((server) => () => server.stop()))),
    ...(await closeAll(disk ? [() => disk.remove()] : [])),
    ...(await closeAll([() => rm(folder, { recursive: true, force: true })])),
  ];
}

/** @returns what went wrong */
async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<string[]> {
  const closed = closers.map((close) => within(CLOSING, 'the end of a part of the arena', close()));
  return (await Promise.allSettled(closed)).flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as Error).message] : [],
  );
}
