import { setTimeout as delay } from 'node:timers/promises';
import type { Arena } from '../arena.js';
import { fault, type Fault } from '../fault.js';
import type { Target } from '../target.js';

const prepare = (arena: Arena): Promise<Target> => arena.everything();

/** Longer than the server waits before it saves what it has to remember, ms. */
const FULL = 4000;

/** What happens to the server's process, which hits every stream, and to its disk, which hits none. */
export const SERVER: readonly Fault[] = [
  fault<undefined>({
    name: 'disk-full',
    title: 'server: the disk with its data is full for 4 s',
    times: 2,
    promises: { keepsSamples: true, seam: 'none' },
    missing: ({ disk }) => Promise.resolve(disk.missing),
    prepare: () => Promise.resolve(undefined),
    inject: async (_target, { disk }) => {
      await disk.fill();
      await delay(FULL);
      await disk.empty();
      return Date.now();
    },
  }),
  fault<Target>({
    name: 'server-kill',
    title: 'server: SIGKILL, and started again',
    hitsAll: true,
    // What was acknowledged and not seen yet was in its memory alone.
    promises: { recovers: 5, keepsSamples: false, seam: 'discontinuity' },
    prepare,
    inject: async (_target, { server }) => {
      await server.restart('SIGKILL');
      return Date.now();
    },
  }),
  fault<Target>({
    name: 'server-restart',
    title: 'server: SIGTERM, and started again',
    hitsAll: true,
    promises: { recovers: 5, keepsSamples: true, seam: 'discontinuity' },
    prepare,
    inject: async (_target, { server }) => {
      await server.restart('SIGTERM');
      return Date.now();
    },
  }),
  fault<Target>({
    name: 'server-stop',
    title: 'server: SIGSTOP, SIGCONT 3 s later',
    hitsAll: true,
    promises: { recovers: 5, keepsSamples: true, seam: 'none' },
    prepare,
    inject: async (_target, { server }) => {
      server.signal('SIGSTOP');
      await delay(3000);
      server.signal('SIGCONT');
      return Date.now();
    },
  }),
];
