import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HlsClient } from './hls-client.js';
import { frameDigests } from './media.js';
import { PlaylistFollower } from './playlist-follower.js';
import { Publisher } from './publisher.js';
import { Recorder, type RecordingRecipe } from './recorder.js';

/** Where a server is. */
export interface ServerAddress {
  /** Without a slash at the end. */
  url: string;
  socketUrl: string;
}

/** Digests of a stream's frames, see `frameDigests`. */
export interface Frames {
  recorded: string[];
  /** By timelines: each EXT-X-DISCONTINUITY begins another. */
  seen: string[][];
}

/** One live stream, from a recorder to a viewer who downloads all of it. */
export class Broadcast {
  private constructor(
    readonly publisher: Publisher,
    readonly hls: HlsClient,
    readonly follower: PlaylistFollower,
    private readonly recorder: Recorder,
    private readonly recipe: RecordingRecipe,
    private readonly sent: Promise<void>,
  ) {}

  /** Resolves when the first part has arrived. */
  static async start(server: ServerAddress, streamId: string, recipe: RecordingRecipe): Promise<Broadcast> {
    const recorder = await Recorder.start(recipe);
    const publisher = await Publisher.start(server.socketUrl, streamId);
    const sent = send(recorder, publisher);
    const hls = new HlsClient(`${server.url}/livestream/${streamId}/stream.m3u8`);
    const follower = new PlaylistFollower(hls);
    await follower.part();
    return new Broadcast(publisher, hls, follower, recorder, recipe, sent);
  }

  get streamId(): string {
    return this.publisher.streamId;
  }

  /** Resolves when so many more segments have begun. */
  async segments(count: number): Promise<void> {
    const target = this.follower.arrivals.at(-1)!.msn + count;
    await this.follower.part(({ msn }) => msn >= target);
  }

  /** Ends the recording; resolves when the publisher has sent all of it. */
  async stopRecording(): Promise<void> {
    this.recorder.stop();
    await this.sent;
  }

  /** Ends the recording and the stream. */
  async stop(): Promise<Frames> {
    await this.stopRecording();
    await this.publisher.stop();
    await this.publisher.close();
    return this.frames();
  }

  /** What was recorded and what the viewer got, once the stream has ended. */
  async frames(): Promise<Frames> {
    await this.follower.ended;
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-broadcast-'));
    try {
      const source = join(folder, `source.${this.recipe.container}`);
      await writeFile(source, this.recorder.bytes);
      const timelines = await this.follower.save(join(folder, 'seen'));
      return { recorded: await frameDigests(source), seen: await Promise.all(timelines.map(frameDigests)) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function send(recorder: Recorder, publisher: Publisher): Promise<void> {
  for await (const chunk of recorder) publisher.send([chunk]);
}
