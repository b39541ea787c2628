import { afterAll, beforeAll, expect, it } from 'vitest';
import { NumberedStream } from '../../chaos/numbered-stream.js';
import { generateFrames, repeatFrames, sendFramesInRealTime, type Frames } from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { Publisher } from '../../helpers/publisher.js';
import { encodeRecording, Recorder, type RecordingRecipe } from '../../helpers/recorder.js';
import { RestartedServer } from '../../helpers/restarted-server.js';
import { SocketClient } from '../../helpers/socket-client.js';
import { StubbornViewer } from '../../helpers/stubborn-viewer.js';

/** From the end of the process to a segment of the next one, milliseconds. */
const LIVE_AGAIN = 5000;

/** The same from when the next one listens: a machine that is busy with other things starts it slowly. */
const LIVE_SINCE_START = 3000;

/** What a viewer has not seen after so long is lost, seconds. */
const SETTLE = 8;

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };

let server: RestartedServer;
let media: Frames;
beforeAll(async () => {
  [server, media] = await Promise.all([
    // What was kept, and comes at once, stays until a viewer has it.
    RestartedServer.start(['--window', '60']),
    generateFrames({ video: 'h264', audio: 'opus' }),
    encodeRecording(WEBM),
  ]);
});
afterAll(() => server?.stop());

interface Source {
  publisher: Publisher;
  /** The server is another process: goes on. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

async function publishFrames(streamId: string): Promise<Source> {
  const { format } = media;
  const publisher = await Publisher.start(server.socketUrl, streamId, { format, title: 'The show' });
  const sending = new AbortController();
  const sent = sendFramesInRealTime(publisher, repeatFrames(media), sending.signal);
  return {
    publisher,
    async resume() {
      const acknowledged = publisher.acknowledgedCount;
      const token = publisher.started.resumeToken;
      // It has thrown away what was acknowledged.
      const { received, resumeToken } = await publisher.resume(token, { format }, acknowledged);
      expect(received).toBe(acknowledged);
      expect(resumeToken).toBe(token);
    },
    async stop() {
      sending.abort();
      await sent;
    },
  };
}

async function publishFile(streamId: string): Promise<Source> {
  const record = async (publisher: Publisher): Promise<() => Promise<void>> => {
    const recorder = await Recorder.start(WEBM);
    const sent = (async () => {
      for await (const chunk of recorder) publisher.send([chunk]);
    })();
    return async () => {
      recorder.stop();
      await sent;
    };
  };
  const source: Source = {
    publisher: await Publisher.start(server.socketUrl, streamId),
    async resume() {
      await source.stop();
      const { resumeToken } = source.publisher.started;
      source.publisher = await Publisher.start(server.socketUrl, streamId, {
        resume: { token: resumeToken },
      });
      expect(source.publisher.started.received).toBe(0);
      source.stop = await record(source.publisher);
    },
    stop: () => Promise.resolve(),
  };
  source.stop = await record(source.publisher);
  return source;
}

const watch = (streamId: string): Promise<StubbornViewer> =>
  StubbornViewer.start(new HlsClient(`${server.url}/livestream/${streamId}/stream.m3u8`));

it('goes on with its streams when it was killed, twice, and stopped: in the same playlists, within five seconds', async () => {
  const ids = ['frames', 'file'];
  const sources = await Promise.all([publishFrames('frames'), publishFile('file')]);
  const viewers = await Promise.all(ids.map(watch));
  // The widget's own publisher, and a viewer who knows every picture.
  const counted = await Promise.all([
    NumberedStream.start(server, 'counted-frames', 'frames'),
    NumberedStream.start(server, 'counted-file', 'container'),
  ]);

  for (const signal of ['SIGKILL', 'SIGKILL', 'SIGTERM'] as const) {
    await Promise.all(viewers.map((viewer) => viewer.beyond(1)));
    const stoppedAt = performance.now();
    const { code, to } = await server.restart(signal);
    expect(code).toBe(signal === 'SIGTERM' ? 0 : signal);
    const patience = Math.max(LIVE_AGAIN, performance.now() - stoppedAt + LIVE_SINCE_START);
    const before = viewers.map(({ newest }) => newest!);

    const socket = await SocketClient.open(server.socketUrl);
    for (const streamId of ids) socket.send({ type: 'join-stream', streamId });
    for (const streamId of ids) {
      const { status } = await socket.next('stream-joined', (joined) => joined.streamId === streamId);
      expect(status).toBe('reconnecting');
    }
    await Promise.all(sources.map((source) => source.resume()));

    for (const [index, viewer] of viewers.entries()) {
      const last = before[index]!;
      const next = await viewer.segment(({ msn }) => msn > last.msn);
      expect(performance.now() - stoppedAt).toBeLessThan(patience);
      expect(next.discontinuitySequence).toBe(last.discontinuitySequence + 1);
      // What was published before a kill is not known to the last segment.
      if (signal === 'SIGTERM') expect(next.msn).toBe(last.msn + 1);
      const old = [...viewer.segments.values()].filter(({ msn }) => msn <= last.msn);
      const names = new Set(old.flatMap(({ map, uris }) => [map, ...uris]));
      for (const uri of [next.map, ...next.uris]) expect(names).not.toContain(uri);
      await socket.next(
        'stream-status',
        ({ streamId, status }) => streamId === ids[index] && status === 'live',
      );
    }
    await socket.close();
    for (const stream of counted) expect((await stream.recovered(to)) - to).toBeLessThan(LIVE_AGAIN);
    for (const verdict of (await Promise.all(counted.map((stream) => stream.settled(SETTLE)))).flat()) {
      const { lost, altered, ends, gaps, discontinuities } = verdict;
      // What was not acknowledged, and seen, comes again: to lose nothing is the promise.
      const found = { lost, altered, ends, gaps, discontinuities };
      expect(found, `${verdict.stream}, ${signal}`).toEqual({
        lost: 0,
        altered: 0,
        ends: 0,
        gaps: 0,
        discontinuities: 1,
      });
    }
  }
  const answer = await fetch(`${server.url}/livestream/frames`);
  expect(await answer.json()).toMatchObject({ status: 'live', title: 'The show' });

  await Promise.all(counted.map((stream) => stream.close()));
  await Promise.all(sources.map((source) => source.stop()));
  await Promise.all(viewers.map((viewer) => viewer.stop()));
  for (const { refusals } of viewers) expect(new Set(refusals)).toEqual(new Set([503]));
  await Promise.all(sources.map(({ publisher }) => publisher.close()));
});
