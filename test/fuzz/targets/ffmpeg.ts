import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { damage } from '../../chaos/judgement.js';
import { NumberedStream } from '../../chaos/numbered-stream.js';
import { violations } from '../../contract/llhls-rules.js';
import { CliServer } from '../../helpers/cli-server.js';
import { HlsClient } from '../../helpers/hls-client.js';
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
    const bystander = await NumberedStream.start(server, BYSTANDER, 'frames').catch(async (error: Error) => {
      await server.stop();
      throw error;
    });
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
      if (bystander.problem) problems.push(`the bystander was told: ${bystander.problem.message}`);
      if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${server.output.slice(-2000)}`);
    });
    return {
      property,
      /** @throws Error when the bystander misses one sample, or noticed anything else */
      async close() {
        const noticed = (await bystander.settled(PATIENCE / 1000)).flatMap(damage);
        await bystander.close();
        await server.stop();
        if (noticed.length > 0) throw new Error(noticed.join(', '));
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
