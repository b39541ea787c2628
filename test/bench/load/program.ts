/** The load generator's process: does what its parent asks (requests.ts), one thing at a time. */
import { setTimeout as delay } from 'node:timers/promises';
import { HlsViewer } from './hls-viewer.js';
import { HttpConnection } from './http-connection.js';
import { Mp4Viewer } from './mp4-viewer.js';
import type { Audience, LoadAnswers, LoadRequest, Received } from './requests.js';
import { StaticViewer } from './static-viewer.js';
import type { Viewer, ViewerEvents } from './viewer.js';

/** Viewers do not come all at once, seconds. */
const ARRIVALS = 1;
/** Longest that a viewer may wait for its first part, seconds. */
const PATIENCE = 20;

const viewers = new Set<Viewer>();
let received: Received = { parts: [], failures: 0, failure: '' };

/** Parts received, by their key. */
const times = new Map<number, number[]>();

const handlers: { [Kind in LoadRequest['kind']]: (request: never) => Promise<LoadAnswers[Kind]> } = {
  watch: ({ audience }: { audience: Audience }) => watch(audience),
  forget: () => Promise.resolve(forget()),
  leave: () => Promise.resolve(leave()),
  ask,
};

process.on('message', (request: LoadRequest) => {
  const handle = handlers[request.kind] as (request: LoadRequest) => Promise<unknown>;
  handle(request).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: (error as Error).message }),
  );
});
process.send?.('ready');

async function watch({ url, count, how }: Audience): Promise<undefined> {
  const read = new Map();
  const firsts: Promise<void>[] = [];
  const server = new URL(url);
  for (let viewer = 0; viewer < count; viewer++) {
    await delay((ARRIVALS * 1000) / count);
    firsts.push(
      new Promise((resolve, reject) => {
        const events: ViewerEvents = {
          onPart(key) {
            resolve();
            note(key);
          },
          onFailure(error) {
            reject(error);
            received.failures++;
            received.failure ||= error.message;
          },
        };
        if (how.kind === 'static') viewers.add(new StaticViewer(server, how.paths, how.interval, events));
        else if (how.kind === 'mp4') viewers.add(new Mp4Viewer(server, how.streamId, events, how.flush));
        else viewers.add(new HlsViewer(server, how.streamId, events, read));
      }),
    );
  }
  const late = delay(PATIENCE * 1000, undefined, { ref: false }).then(() => {
    throw new Error(`a viewer saw nothing within ${PATIENCE} s`);
  });
  await Promise.race([Promise.all(firsts), late]);
  late.catch(() => {});
}

function note(key: number): void {
  const at = performance.timeOrigin + performance.now();
  const known = times.get(key);
  if (known) known.push(at);
  else times.set(key, [at]);
}

function forget(): undefined {
  times.clear();
}

function leave(): Received {
  for (const viewer of viewers) viewer.close();
  viewers.clear();
  const result = { ...received, parts: [...times] };
  received = { parts: [], failures: 0, failure: '' };
  forget();
  return result;
}

/** Asks for one path over some connections, each anew as soon as it is answered. */
async function ask({ url, path, connections, seconds }: LoadRequest & { kind: 'ask' }): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const server = new URL(url);
  const counts = Array.from({ length: connections }, async () => {
    const connection = new HttpConnection(server);
    let count = 0;
    try {
      for (; performance.now() < end; count++) {
        const { status } = await connection.get(path);
        if (status !== 200) throw new Error(`${status} ${path}`);
      }
    } finally {
      connection.close();
    }
    return count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
