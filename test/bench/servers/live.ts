import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HlsClient } from '../../helpers/hls-client.js';
import { broadcastFrames, FrameSource } from './frame-source.js';
import { BenchServer, type BenchServerOptions } from './livedrop.js';

export const STREAM = 'bench';

/** A server with one ordinary broadcast. */
export interface Live {
  server: BenchServer;
  source: FrameSource;
  /** For files. */
  folder: string;
  /** Paths of its media playlist and of the newest part that has the usual size. */
  newest(): Promise<{ playlist: string; part: string }>;
}

export interface LiveOptions extends BenchServerOptions {
  /** Of the broadcast when it is handed out, seconds. */
  age: number;
}

/** A broadcast in real time, from its first frame to its end, whatever happens. */
export async function withLive<T>(
  { age, ...options }: LiveOptions,
  use: (live: Live) => Promise<T>,
): Promise<T> {
  const frames = await broadcastFrames();
  const folder = await mkdtemp(join(tmpdir(), 'livedrop-bench-'));
  // A publisher may pause for as long as it likes.
  const server = await BenchServer.start({ ...options, limits: { silenceTime: 3600, ...options.limits } });
  try {
    const source = await FrameSource.start(server.socketUrl, STREAM, frames);
    await delay(age * 1000);
    const result = await use({ server, source, folder, newest: () => newest(server) });
    await source.stop();
    return result;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function newest({ url }: BenchServer): Promise<{ playlist: string; part: string }> {
  const client = new HlsClient(`${url}/livestream/${STREAM}/stream.m3u8`);
  const playlist = new URL(await client.mediaUrl());
  const parts = (await client.playlist()).segments.flatMap((segment) => segment.parts);
  // The first of a segment has the key frame, the last of all may be short.
  const part = parts.findLast(({ independent }, index) => !independent && index < parts.length - 1);
  if (!part) throw new Error('the stream has no part');
  return { playlist: playlist.pathname, part: new URL(part.uri, playlist).pathname };
}
