import { within } from '../../bench/deadline.js';
import type { FaultyFfmpeg, FfmpegFault } from '../../helpers/faulty-ffmpeg.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import { atOnce, lasting } from '../span.js';
import { TranscodedStream } from '../transcoded-stream.js';

/** A new one goes on with the same stream, from the last place in the file where reading can begin and before which all came out. */
const promises: Promises = { recovers: 5, keepsSamples: 'all', seam: 'discontinuity', repeats: true };

const prepare = (arena: Arena): Promise<TranscodedStream> => TranscodedStream.start(arena);

/** How long each ffmpeg that is started is at fault, seconds: several are. */
const BROKEN = 1.5;

/** Less than the server waits before it starts another one, and more than its pipe takes, seconds. */
const STANDSTILL = 5;

/** Until as many ffmpegs have failed in a row as the server tries, seconds. */
const GIVING_UP = 60;

/** How often one was started that was at fault; of one that is missing only the server can tell. */
async function faultyStarts(name: FfmpegFault, ffmpeg: FaultyFfmpeg, log: string): Promise<number> {
  return name === 'missing' ? log.split('ENOENT').length : ffmpeg.faultyStarts();
}

/** It is killed, and those that follow are at fault for a while. */
function broken(name: FfmpegFault, title: string, more: Partial<Fault<TranscodedStream>> = {}): Fault {
  return fault<TranscodedStream>({
    name: `ffmpeg-${name}`,
    title: `ffmpeg: ${title}`,
    times: 2,
    promises,
    prepare,
    inject: async (target, { ffmpeg, server }) => {
      const before = await faultyStarts(name, ffmpeg, server.output);
      await ffmpeg.break(name);
      try {
        const span = await lasting(
          BROKEN,
          () => target.signal('SIGKILL'),
          () => ffmpeg.mend(),
        );
        if ((await faultyStarts(name, ffmpeg, server.output)) === before) {
          throw new Error('no ffmpeg was started while it was at fault');
        }
        return span;
      } finally {
        await ffmpeg.mend();
      }
    },
    ...more,
  });
}

/** Of the streams here, milliseconds. */
const KEY_INTERVAL = 1000;

/** What it had taken and not given is in what the next one is given. @param after a key frame, milliseconds */
function crash(name: string, when: string, after: number): Fault {
  return fault<TranscodedStream>({
    name,
    title: `ffmpeg: SIGKILL ${when}`,
    promises,
    prepare,
    inject: async (target) => {
      await target.afterKey(after);
      return atOnce(() => target.signal('SIGKILL'));
    },
  });
}

/** What happens to one stream's ffmpeg. */
export const FFMPEG: readonly Fault[] = [
  crash('ffmpeg-crash', 'in the middle between two key frames', KEY_INTERVAL / 2),
  crash('ffmpeg-crash-at-key', 'as soon as a key frame was sent', 0),
  fault<TranscodedStream>({
    name: 'ffmpeg-stop',
    title: 'ffmpeg: SIGSTOP, for ever',
    times: 1,
    promises: { ...promises, recovers: 15 },
    prepare,
    inject: (target) => atOnce(() => target.signal('SIGSTOP')),
  }),
  broken('exit-0', 'those that follow end as if all were well'),
  broken('garbage', 'those that follow write garbage', { promises: { ...promises, recovers: 15 } }),
  broken('full-disk', 'those that follow say that the disk is full', { isLeftOut: true }),
  fault<TranscodedStream>({
    name: 'ffmpeg-slow',
    title: 'ffmpeg: slower than the publisher, it stands still for 5 s',
    times: 2,
    promises: { ...promises, seam: 'none', repeats: false },
    prepare,
    inject: async (target) => {
      const before = await target.transcoders();
      const span = await lasting(
        STANDSTILL,
        () => target.signal('SIGSTOP'),
        () => target.signal('SIGCONT'),
      );
      if (String(await target.transcoders()) !== String(before))
        throw new Error('another ffmpeg was started');
      return span;
    },
  }),
  fault<undefined>({
    name: 'ffmpeg-fails-always',
    title: 'ffmpeg: all that follow fail, the stream ends with TRANSCODER_FAILED',
    times: 1,
    isLeftOut: true,
    // Of the stream that ends nothing is promised but its end.
    promises: { keepsSamples: 'all', seam: 'none' },
    prepare: () => Promise.resolve(undefined),
    inject: async (_target, arena) => {
      const stream = await prepare(arena);
      const from = Date.now();
      await arena.ffmpeg.break('exit-0');
      try {
        await stream.signal('SIGKILL');
        const code = await within(GIVING_UP, 'the end of the stream', stream.failed());
        if (code !== 'TRANSCODER_FAILED') throw new Error(`the stream ended with ${code}`);
      } finally {
        await arena.ffmpeg.mend();
        await stream.close();
      }
      return { from, to: Date.now() };
    },
  }),
  broken('missing', 'the program is gone', { isLeftOut: true }),
];
