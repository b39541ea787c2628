import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { violations } from '../../contract/llhls-rules.js';
import { CliServer } from '../../helpers/cli-server.js';
import { generateFrames, repeatFrames, sendFramesInRealTime } from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { PlaylistFollower } from '../../helpers/playlist-follower.js';
import { Publisher } from '../../helpers/publisher.js';
import { checkMessage, CLOSE_CODES } from '../answers.js';
import { BYSTANDER } from '../bystander.js';
import { applyEdits, edits, inPieces, pieces } from '../grammar/bytes.js';
import { readRecordings } from '../recordings.js';
import type { FuzzTarget } from '../target.js';

const run = promisify(execFile);

/** Of the server's process, MiB; it has two streams. */
const MAX_MEMORY = 700;

/** What the server promises to say something within, milliseconds: `startTime` and some. */
const PATIENCE = 15_000;

/** Damaged files through the built server and a real ffmpeg, beside a stream that must not notice. */
export const ffmpeg: FuzzTarget = {
  name: 'ffmpeg',
  title: "container bytes through the built server and ffmpeg: browsers' recordings changed",
  isReal: true,
  async prepare() {
    const files = await readRecordings();
    const server = await CliServer.start();
    const bystander = await startBystander(server);
    let streams = 0;
    const input = fc.record({ which: fc.nat(files.length - 1), changes: edits(), sizes: pieces });
    const property = fc.asyncProperty(input, async ({ which, changes, sizes }) => {
      const streamId = `fuzzed-${++streams}`;
      const publisher = await Publisher.start(server.socketUrl, streamId);
      // In large pieces: what small ones do is found out without a server.
      const bytes = applyEdits(files[which]!, changes);
      publisher.send([
        ...inPieces(
          bytes,
          sizes.map((size) => Math.max(size, 5000)),
        ),
      ]);
      publisher.socket.send({ type: 'stop-stream', streamId });
      const { reason } = await publisher.socket.next('stream-stopped', undefined, PATIENCE);
      const problems = publisher.socket.arrivals.flatMap(({ message }) => checkMessage(message));
      if (reason === 'failed') {
        const { code } = await publisher.socket.closed;
        if (!CLOSE_CODES.has(code)) problems.push(`closed with ${code}`);
        if (publisher.socket.all('error').every(({ fatal }) => !fatal))
          problems.push('failed without a word');
      } else await publisher.close();
      problems.push(...(await playlistProblems(server, streamId)), ...(await serverProblems(server)));
      if (bystander.problem) problems.push(bystander.problem);
      if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${server.output.slice(-2000)}`);
    });
    return {
      property,
      async close() {
        await bystander.finish();
        await server.stop();
      },
    };
  },
};

async function playlistProblems(server: CliServer, streamId: string): Promise<string[]> {
  const master = await fetch(`${server.url}/livestream/${streamId}/stream.m3u8`);
  if (master.status === 404) return [];
  const hls = new HlsClient(master.url);
  return violations((await hls.playlist()).text);
}

async function serverProblems(server: CliServer): Promise<string[]> {
  const { exitCode, signalCode, pid } = server.process;
  if (exitCode !== null || signalCode !== null) return [`the server has ended: ${exitCode ?? signalCode}`];
  if ((await fetch(`${server.url}/healthz`)).status !== 200) return ['the server is not well'];
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  const memory = Number(stdout) / 1024;
  return memory > MAX_MEMORY ? [`the server takes ${Math.round(memory)} MiB`] : [];
}

/** A stream in real time, followed by a viewer who misses nothing. */
async function startBystander(server: CliServer) {
  const frames = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });
  const publisher = await Publisher.start(server.socketUrl, BYSTANDER, { format: frames.format });
  const over = new AbortController();
  const sending = sendFramesInRealTime(publisher, repeatFrames(frames), over.signal);
  const follower = new PlaylistFollower(new HlsClient(`${server.url}/livestream/${BYSTANDER}/stream.m3u8`));
  await follower.part();
  return {
    get problem(): string | undefined {
      const said = [...publisher.socket.all('error'), ...publisher.socket.all('stream-stopped')];
      return said.length > 0 ? `the bystander was told ${JSON.stringify(said[0])}` : undefined;
    },
    /** @throws Error when something of it is missing */
    async finish(): Promise<void> {
      over.abort();
      await sending;
      await publisher.acknowledged();
      await publisher.stop();
      await publisher.close();
      await follower.ended;
      if (follower.arrivals.some(({ discontinuity }) => discontinuity))
        throw new Error('the bystander was interrupted');
    },
  };
}
