import type { Arena } from '../arena.js';
import { fault, type Fault } from '../fault.js';
import { lasting } from '../span.js';
import type { Target } from '../target.js';

const prepare = (arena: Arena): Promise<Target> => arena.everything();

/** Longer than the server waits before it saves what it has to remember, seconds. */
const FULL = 4;

/** What happens to the server's process, which hits every stream, and to its disk, which hits none. */
export const SERVER: readonly Fault[] = [
  fault<undefined>({
    name: 'disk-full',
    title: 'server: the disk with its data is full for 4 s',
    times: 2,
    promises: { keepsSamples: 'all', seam: 'none' },
    missing: ({ disk }) => Promise.resolve(disk.missing),
    prepare: () => Promise.resolve(undefined),
    inject: (_target, { disk }) =>
      lasting(
        FULL,
        () => disk.fill(),
        () => disk.empty(),
      ),
  }),
  fault<Target>({
    name: 'server-kill',
    title: 'server: SIGKILL, and started again',
    hitsAll: true,
    // What was acknowledged and not seen yet was in its memory alone; what publishers still keep they send again from a key frame.
    promises: { recovers: 5, keepsSamples: 'none', seam: 'discontinuity', repeats: true },
    prepare,
    inject: (_target, { server }) => server.restart('SIGKILL'),
  }),
  fault<Target>({
    name: 'server-restart',
    title: 'server: SIGTERM, and started again',
    hitsAll: true,
    // Another process cannot go on in the middle of a file: the recorder begins a new one when it is back.
    promises: { recovers: 5, keepsSamples: 'frames', seam: 'discontinuity' },
    prepare,
    inject: (_target, { server }) => server.restart('SIGTERM'),
  }),
  fault<Target>({
    name: 'server-stop',
    title: 'server: SIGSTOP, SIGCONT 3 s later',
    hitsAll: true,
    promises: { recovers: 5, keepsSamples: 'all', seam: 'none' },
    prepare,
    inject: (_target, { server }) =>
      lasting(
        3,
        () => server.signal('SIGSTOP'),
        () => server.signal('SIGCONT'),
      ),
  }),
];
