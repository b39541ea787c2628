// The built server in a process of its own, with any options, that tells its parent what the bench asks: memory, and when
// each part was published.
import { setImmediate as turn } from 'node:timers/promises';
import { serve } from 'livedrop/node';
import { Window } from '../../../dist/server/hls/window.js';

const { packaging, limits, recordParts } = JSON.parse(process.argv[2]);

/** Milliseconds since the epoch at which a part was there for viewers, by its number and by its decode time. */
const published = [];

if (recordParts) {
  const { addPart } = Window.prototype;
  Window.prototype.addPart = function (part) {
    published.push({ number: this.nextPart, decodeTime: decodeTimeOf(part.bytes), at: now() });
    return addPart.call(this, part);
  };
}

function now() {
  return performance.timeOrigin + performance.now();
}

/** The first `tfdt` of a fragment: a number that no other part of the track has. */
function decodeTimeOf(bytes) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = buffer.indexOf('tfdt');
  return buffer[at + 4] === 1 ? Number(buffer.readBigUInt64BE(at + 8)) : buffer.readUInt32BE(at + 8);
}

async function memory() {
  // Finalizers run between collections.
  for (let round = 0; globalThis.gc && round < 3; round++) {
    globalThis.gc();
    await turn();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

/** How many handles and requests keep the process alive, by their type's name. */
function resources() {
  const counts = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return Promise.resolve(counts);
}

const answers = {
  memory,
  resources,
  published: () => Promise.resolve(published.splice(0)),
};

async function answer({ id, question }) {
  process.send({ id, answer: await answers[question]() });
}

async function stop() {
  await server.close();
  process.disconnect();
}

const server = await serve({ port: 0, packaging, limits });
process.on('message', (request) => void answer(request));
process.once('SIGTERM', () => void stop());
process.send({ url: server.url });
