import { setTimeout as delay } from 'node:timers/promises';
import type { Arena } from '../arena.js';
import { fault, type Fault } from '../fault.js';
import type { Target } from '../target.js';

const prepare = (arena: Arena): Promise<Target> => arena.everything();

/** What happens to the server's process: every stream is hit. */
export const SERVER: readonly Fault[] = [
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
