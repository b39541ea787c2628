import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAP, findClap, soundOffsets } from '../../helpers/clap.js';
import { CliServer } from '../../helpers/cli-server.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { ffprobePath, frameDigests, probeStreams } from '../../helpers/media.js';
import { PlaylistFollower } from '../../helpers/playlist-follower.js';
import { encodeRecording, FRAME_RATE, Recorder, type RecordingRecipe } from '../../helpers/recorder.js';

const CLIENT = fileURLToPath(new URL('../../fixtures/publish.mjs', import.meta.url));

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };
const VP8: RecordingRecipe = { container: 'webm', video: 'vp8', audio: 'opus' };
const MPEG_TS: RecordingRecipe = { container: 'mpegts', video: 'h264', audio: 'aac' };
const SILENT: RecordingRecipe = { container: 'webm', video: 'h264' };
const BLIND: RecordingRecipe = { container: 'webm', audio: 'opus' };
const COPIED: [string, RecordingRecipe][] = [
  ['webm', WEBM],
  ['webm-late-audio', { ...WEBM, audioDelay: 0.5 }],
  ['webm-b-frames', { container: 'webm', video: 'h264-b-frames', audio: 'aac' }],
  ['mp4', { container: 'mp4', video: 'h264', audio: 'aac' }],
  ['mp4-b-frames', { container: 'mp4', video: 'h264-b-frames', audio: 'aac' }],
  ['mpegts', MPEG_TS],
  ['mpegts-b-frames', { container: 'mpegts', video: 'h264-b-frames', audio: 'aac' }],
];

let server: CliServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-client-'));
  for (const recipe of [...COPIED.map(([, own]) => own), VP8, SILENT, BLIND]) await encodeRecording(recipe);
  server = await CliServer.start();
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Client = ChildProcessByStdio<Writable, Readable, null>;

/** Starts the client; resolves when it says where to watch. */
async function startClient(streamId: string): Promise<{ client: Client; playbackUrl: string }> {
  const client = spawn(process.execPath, [CLIENT, server.socketUrl, streamId], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [output] = (await once(client.stdout, 'data')) as [Buffer];
  return { client, playbackUrl: /http:\S+/.exec(output.toString())![0] };
}

async function feed(recorder: Recorder, { stdin }: Client): Promise<void> {
  for await (const chunk of recorder) stdin.write(chunk);
  stdin.end();
}

interface Media {
  /** The file as it was recorded. */
  source: string;
  /** What a viewer got of it. */
  published: string;
}

/**
 * Publishes a recording while a viewer follows it and ffprobe looks at it.
 * @param codecs that ffprobe must find
 * @param skip how many of the recording's first bytes are not sent
 */
async function publishLive(
  name: string,
  recipe: RecordingRecipe,
  codecs: string[],
  skip = 0,
): Promise<Media> {
  const { client, playbackUrl } = await startClient(name);
  const exited = once(client, 'exit');
  const recorder = await Recorder.start(recipe, skip);
  const fed = feed(recorder, client);
  const follower = new PlaylistFollower(new HlsClient(playbackUrl));
  // ffprobe looks at whole segments alone.
  await follower.part(({ msn }) => msn > 1);
  const streams = await probeStreams(playbackUrl);
  const { status } = (await (await fetch(`${server.url}/livestream/${name}`)).json()) as { status: string };
  expect(streams.map(({ codec_name }) => codec_name)).toEqual(codecs);
  expect(status).toBe('live');

  // A second each, but for the first ones of sound alone.
  await follower.part(({ msn }) => msn > CLAP.to + (recipe.video ? 1 : 5));
  recorder.stop();
  await fed;
  expect(await exited).toEqual([0, null]);
  await follower.ended;
  const source = join(folder, `${name}.${recipe.container}`);
  await writeFile(source, recorder.bytes);
  const timelines = await follower.save(join(folder, name));
  expect(timelines).toHaveLength(1);
  return { source, published: timelines[0]! };
}

async function countFrames(path: string): Promise<number> {
  const args = [
    '-v',
    'error',
    '-count_packets',
    '-select_streams',
    'v:0',
    '-show_entries',
    'stream=nb_read_packets',
  ];
  const { stdout } = await promisify(execFile)(ffprobePath, [...args, '-of', 'csv=p=0', path]);
  return Number.parseInt(stdout);
}

/** @param tolerance seconds */
async function expectSameSoundOffset({ source, published }: Media, tolerance: number): Promise<void> {
  const [before, after] = [soundOffsets(await findClap(source)), soundOffsets(await findClap(published))];
  for (const [index, offset] of after.entries()) {
    expect(Math.abs(offset - before[index]!)).toBeLessThan(tolerance);
  }
}

describe.concurrent('a WebSocket client of twenty lines', () => {
  it.each(COPIED)('publishes %s live, every frame byte for byte, sound in place', async (name, recipe) => {
    const media = await publishLive(name, recipe, ['h264', 'aac']);
    expect(await frameDigests(media.published)).toEqual(await frameDigests(media.source));
    await expectSameSoundOffset(media, 0.003);
  });

  it('publishes from the first key frame on what began without one', async () => {
    const somePackets = 20 * 188;
    const media = await publishLive('late', MPEG_TS, ['h264', 'aac'], somePackets);
    const recorded = await frameDigests(media.source);
    expect(await frameDigests(media.published)).toEqual(recorded.slice(FRAME_RATE));
    await expectSameSoundOffset(media, 0.003);
  });

  it('publishes VP8, encoded anew, frame for frame, sound in place', async () => {
    const media = await publishLive('vp8', VP8, ['h264', 'aac']);
    const [before, after] = [await countFrames(media.source), await countFrames(media.published)];
    expect(Math.abs(after - before)).toBeLessThanOrEqual(1);
    // Its frames are moved to the nearest place of a constant rate.
    await expectSameSoundOffset(media, 0.5 / FRAME_RATE + 0.003);
  });

  it('publishes a picture without sound, and sound without a picture', async () => {
    const [silent, blind] = await Promise.all([
      publishLive('silent', SILENT, ['h264']),
      publishLive('blind', BLIND, ['aac']),
    ]);
    expect(await frameDigests(silent.published)).toEqual(await frameDigests(silent.source));
    const [before, after] = [await findClap(blind.source), await findClap(blind.published)];
    const lengths = [before, after].map(({ heard: [from, to] }) => to! - from!);
    expect(lengths[1]).toBeCloseTo(lengths[0]!, 2);
  });
});
