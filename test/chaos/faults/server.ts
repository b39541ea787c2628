import { setTimeout as delay } from 'node:timers/promises';
import type { RestartedServer } from '../../helpers/restarted-server.js';
import type { Arena } from '../arena.js';
import { fault, type Fault } from '../fault.js';
import { lasting, type Span } from '../span.js';
import type { Target } from '../target.js';

const prepare = (arena: Arena): Promise<Target> => arena.everything();

/** Longer than the server waits before it saves what it has to remember, seconds. */
const FULL = 4;

/** Seconds. */
const STOPPED = 3;
const CLOCK_AHEAD = 5;

/** Longest until the server says that its clock was set, ms. */
const ANSWER = 5000;

/** See `test/fixtures/settable-clock.mjs`. */
async function setClock(server: RestartedServer, says: string): Promise<void> {
  const before = server.output.split(says).length;
  server.signal('SIGUSR2');
  const deadline = Date.now() + ANSWER;
  while (server.output.split(says).length === before) {
    if (Date.now() > deadline) throw new Error("the server's clock cannot be set");
    await delay(20);
  }
}

/** @param wanted how the process has to end: one that did so before, by itself, ends otherwise */
async function restarted(
  server: RestartedServer,
  signal: NodeJS.Signals,
  wanted: number | NodeJS.Signals,
): Promise<Span> {
  const { code, from, to } = await server.restart(signal);
  if (code !== wanted) throw new Error(`the server ended with ${code}, and not with ${wanted}`);
  return { from, to };
}

/** What happens to the server's process, which hits every stream, and to its disk, which hits none. */
export const SERVER: readonly Fault[] = [
  fault<undefined>({
    name: 'disk-full',
    title: 'server: the disk with its data is full for 4 s',
    times: 2,
    promises: { keepsSamples: 'all', seam: 'none' },
    missing: ({ disk }) => Promise.resolve(disk.missing),
    prepare: () => Promise.resolve(undefined),
    inject: async (_target, { disk, server }) => {
      const failures = (): number => server.output.split('streams cannot be saved').length;
      const before = failures();
      const span = await lasting(
        FULL,
        () => disk.fill(),
        () => disk.empty(),
      );
      if (failures() === before) throw new Error('the server saved streams although its disk was full');
      return span;
    },
  }),
  fault<Target>({
    name: 'server-clock-jump',
    title: 'server: its clock is an hour ahead for 5 s',
    times: 2,
    hitsAll: true,
    promises: { keepsSamples: 'all', seam: 'none' },
    prepare,
    inject: (_target, { server }) =>
      lasting(
        CLOCK_AHEAD,
        () => setClock(server, 'the clock is 3600 s ahead'),
        () => setClock(server, 'the clock is 0 s ahead'),
      ),
  }),
  fault<Target>({
    name: 'server-kill',
    title: 'server: SIGKILL, and started again',
    hitsAll: true,
    // What was acknowledged and not seen yet was in its memory alone: publishers send it again from a key frame on.
    promises: { recovers: 5, keepsSamples: 'all', seam: 'discontinuity', repeats: true },
    prepare,
    inject: (_target, { server }) => restarted(server, 'SIGKILL', 'SIGKILL'),
  }),
  fault<Target>({
    name: 'server-restart',
    title: 'server: SIGTERM, and started again',
    hitsAll: true,
    // Frames go on with a key frame that nobody has seen, files with the last one that somebody has.
    promises: { recovers: 5, keepsSamples: 'all', seam: 'discontinuity', repeats: true },
    prepare,
    inject: (_target, { server }) => restarted(server, 'SIGTERM', 0),
  }),
  fault<Target>({
    name: 'server-stop',
    title: 'server: SIGSTOP, SIGCONT 3 s later',
    hitsAll: true,
    promises: { recovers: 5, keepsSamples: 'all', seam: 'none' },
    prepare,
    inject: async (_target, { server }) => {
      let answeredAt = Infinity;
      const span = await lasting(
        STOPPED,
        () => {
          server.signal('SIGSTOP');
          void fetch(`${server.url}/healthz`).then(
            () => (answeredAt = Date.now()),
            () => {},
          );
        },
        () => server.signal('SIGCONT'),
      );
      if (answeredAt < span.to) throw new Error('the server answered although it was stopped');
      return span;
    },
  }),
];
