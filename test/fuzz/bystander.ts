import { createHash } from 'node:crypto';
import { FragmentReader } from '../../server/hls/fragment-reader.js';
import type { Track } from '../../server/hls/sample.js';
import { violations } from '../contract/llhls-rules.js';
import { generateFrames, repeatFrames, type Frame, type Frames } from '../helpers/frames.js';
import { readPlaylist } from '../helpers/hls-client.js';
import { World, type Client, type WorldOptions } from './world.js';

export const BYSTANDER = 'bystander';

const media = (): Promise<Frames> => generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });

/** A stream beside all that is done to the server, which must not notice any of it. */
export class Bystander {
  #sent: Frame[] = [];
  readonly #watch: PlaylistWatch;

  private constructor(
    world: World,
    private readonly client: Client,
    private readonly frames: Generator<Frame, never>,
  ) {
    this.#watch = new PlaylistWatch(world, BYSTANDER);
  }

  static async start(world: World): Promise<Bystander> {
    const frames = await media();
    const client = await world.connect();
    const token = await world.streamKey();
    client.send(JSON.stringify({ type: 'start-stream', streamId: BYSTANDER, format: frames.format, token }));
    await client.settled();
    const bystander = new Bystander(world, client, repeatFrames(frames));
    bystander.send(130);
    return bystander;
  }

  /** Sends so many more frames. */
  send(count: number): void {
    for (let index = 0; index < count; index++) {
      const frame = this.frames.next().value;
      this.#sent.push(frame);
      this.client.send(frame.message);
    }
  }

  /** @throws Error when its playlist breaks a rule */
  check(): Promise<void> {
    return this.#watch.look();
  }

  /** Ends it. @throws Error when a frame is missing, or it noticed anything */
  async finish(): Promise<void> {
    this.send(80);
    this.client.send(JSON.stringify({ type: 'stop-stream', streamId: BYSTANDER }));
    await this.client.settled();
    await this.check();
    const [error] = this.client.all('error');
    if (error) throw new Error(`the bystander was told ${JSON.stringify(error)}`);
    const [stopped] = this.client.all('stream-stopped');
    if (stopped?.reason !== 'stopped') throw new Error(`the bystander ended: ${JSON.stringify(stopped)}`);
    const got = await this.#watch.samples();
    for (const [kind, track] of [
      ['video', 0],
      ['audio', 1],
    ] as const) {
      const wanted = this.#sent.filter((frame) => frame.track === track).map(({ chunk }) => digest(chunk));
      if (got[kind].join() !== wanted.join())
        throw new Error(
          `the bystander's ${kind}: ${got[kind].length} samples of ${wanted.length} came out, or others`,
        );
    }
  }
}

/**
 * Does things to a server that has such a stream.
 * @throws Error when anything went wrong, with the server or with the stream
 */
export function withBystander(
  options: WorldOptions,
  play: (world: World, bystander: Bystander) => Promise<void>,
): Promise<void> {
  return World.use(options, async (world) => {
    const bystander = await Bystander.start(world);
    await play(world, bystander);
    await bystander.finish();
  });
}

/** The media playlist of a stream's source, looked at now and then. */
export class PlaylistWatch {
  #path: string | undefined;
  #before: string | undefined;
  #newest = 0;

  /** @param ignored rules, by the beginning of their names, that do not hold where a publisher sets the clock */
  constructor(
    private readonly world: World,
    private readonly streamId: string,
    private readonly ignored: readonly string[] = [],
  ) {}

  /** @throws Error when the playlist, where there is one, breaks a rule of low-latency HLS */
  async look(): Promise<void> {
    const text = await this.#text();
    if (text === undefined) return;
    const newest = readPlaylist(text).segments.at(-1)?.msn ?? 0;
    // The parts of what has come since may be listed no more.
    const hasLeapt = newest > this.#newest + 1;
    this.#newest = newest;
    const ignored = [...this.ignored, ...(hasLeapt ? ['§4.4.5.3 the part that comes next'] : [])];
    const found = violations(text, this.#before).filter(
      (each) => !ignored.some((rule) => each.startsWith(rule)),
    );
    if (found.length > 0) throw new Error(`${this.streamId}: ${found.slice(0, 3).join('\n')}\n${text}`);
    this.#before = text;
  }

  /** Of everything in the playlist. */
  async samples(): Promise<Record<Track['kind'], string[]>> {
    const out = { video: [] as string[], audio: [] as string[] };
    const { segments } = readPlaylist((await this.#text())!);
    let kinds = new Map<number, Track['kind']>();
    const reader = new FragmentReader({
      onTracks: (tracks) => (kinds = new Map(tracks.map(({ id, kind }) => [id, kind]))),
      onSample: ({ track, data }) => out[kinds.get(track)!].push(digest(data)),
    });
    let map: string | undefined;
    for (const segment of segments) {
      if (segment.map !== map) reader.push(await this.#bytes((map = segment.map)!));
      reader.push(await this.#bytes(segment.uri!));
    }
    return out;
  }

  async #text(): Promise<string | undefined> {
    if (!this.#path) {
      const master = await this.world.request(`/livestream/${this.streamId}/stream.m3u8?audio=source`);
      const text = await master.text();
      if (master.status !== 200) return undefined;
      const uri = text.split('\n').find((line) => line !== '' && !line.startsWith('#'))!;
      this.#path = `/livestream/${this.streamId}/${uri}`;
    }
    const response = await this.world.request(this.#path);
    const text = await response.text();
    // Its stream made way for another.
    if (response.status !== 200) this.#path = this.#before = undefined;
    return response.status === 200 ? text : undefined;
  }

  async #bytes(uri: string): Promise<Uint8Array> {
    const path = this.#path!.replace(/[^/]+$/, uri);
    return new Uint8Array(await (await this.world.request(path)).arrayBuffer());
  }
}

const digest = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');
