import { setTimeout as delay } from 'node:timers/promises';
import type { FfmpegFault } from '../../helpers/faulty-ffmpeg.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import { TranscodedStream } from '../transcoded-stream.js';

/** What ffmpeg had taken and not given is lost; a new one goes on with the same stream. */
const promises: Promises = { recovers: 5, keepsSamples: false, seam: 'discontinuity' };

const prepare = (arena: Arena): Promise<TranscodedStream> => TranscodedStream.start(arena);

/** How long each ffmpeg that is started is at fault, ms: several are. */
const BROKEN = 1500;

/** It is killed, and those that follow are at fault for a while. */
function broken(name: FfmpegFault, title: string, more: Partial<Promises> = {}): Fault {
  return fault<TranscodedStream>({
    name: `ffmpeg-${name}`,
    title: `ffmpeg: ${title}`,
    times: 2,
    promises: { ...promises, ...more },
    prepare,
    inject: async (target, { ffmpeg }) => {
      await ffmpeg.break(name);
      try {
        await target.signal('SIGKILL');
        await delay(BROKEN);
      } finally {
        await ffmpeg.mend();
      }
      return Date.now();
    },
  });
}

/** What happens to one stream's ffmpeg. */
export const FFMPEG: readonly Fault[] = [
  fault<TranscodedStream>({
    name: 'ffmpeg-crash',
    title: 'ffmpeg: SIGKILL',
    promises,
    prepare,
    inject: async (target) => {
      await target.signal('SIGKILL');
      return Date.now();
    },
  }),
  fault<TranscodedStream>({
    name: 'ffmpeg-stop',
    title: 'ffmpeg: SIGSTOP, for ever',
    times: 1,
    promises: { ...promises, recovers: 15 },
    prepare,
    inject: async (target) => {
      await target.signal('SIGSTOP');
      return Date.now();
    },
  }),
  broken('exit-0', 'those that follow end as if all were well'),
  broken('garbage', 'those that follow write garbage', { recovers: 15 }),
  broken('missing', 'the program is gone'),
];
