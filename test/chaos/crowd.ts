import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { HttpConnection } from '../bench/load/http-connection.js';
import { within } from '../bench/deadline.js';
import type { ErrorCode, ServerMessage } from '../../server/protocol.js';
import type { Arena } from './arena.js';
import { numberedContainer } from './numbered-media.js';
import type { Random } from './random.js';

/** How long a crowd stays, ms. */
const STAY = 4000;

let addresses = 0;

/**
 * What a crowd's requests say of where they come from: an address that nobody else has, which the server believes of a proxy on this
 * machine. What limits by address refuse is the crowd's alone. (RFC 2544 §C.2.2 keeps the network free.)
 */
function newAddress(): string {
  addresses++;
  return `198.18.${Math.floor(addresses / 250) % 250}.${(addresses % 250) + 1}`;
}

const STREAM = 'other-frames';

/** A request as it is sent, less its end. */
const request = (path: string, address: string): string =>
  `GET /livestream/${STREAM}/${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${address}`;

/** Of so many connections, how many came about and, where something was asked, were given it. */
class Arrivals {
  #count = 0;

  constructor(private readonly wanted: number) {}

  readonly note = (): void => void this.#count++;

  /** @throws Error when some are missing: nobody was bothered by them */
  check(): void {
    if (this.#count < this.wanted) throw new Error(`${this.#count} of ${this.wanted} came through`);
  }
}

/** A connection of somebody who does not mind how it ends. */
function open(arena: Arena): Socket {
  const { port } = new URL(arena.server.url);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  socket.on('error', () => {});
  return socket;
}

function openWebSocket(arena: Arena, address: string, ready: (socket: WebSocket) => void): WebSocket {
  const headers = { 'X-Forwarded-For': address };
  const socket = new WebSocket(arena.server.socketUrl, { perMessageDeflate: false, headers });
  socket.on('error', () => {});
  socket.on('open', () => ready(socket));
  return socket;
}

/** They ask for what never ends, or is large, and read nothing of it once they know that they are given it. */
export async function slowReaders(arena: Arena): Promise<void> {
  const address = newAddress();
  const arrivals = new Arrivals(100);
  const readers = Array.from({ length: 60 }, (_, index) => {
    const socket = open(arena);
    socket.once('data', (answer) => {
      if (answer.toString('latin1').startsWith('HTTP/1.1 200 ')) arrivals.note();
      socket.pause();
    });
    const path = index % 3 === 0 ? 'stream.m3u8' : 'live.mp4';
    // One answer after another, none of which is read.
    socket.write(`${request(path, address)}\r\n\r\n`.repeat(path === 'live.mp4' ? 1 : 200));
    return socket;
  });
  const joined = Array.from({ length: 40 }, () =>
    openWebSocket(arena, address, (socket) => {
      socket.once('message', (data: Buffer) => {
        if ((JSON.parse(data.toString()) as ServerMessage).type === 'stream-joined') arrivals.note();
        socket.pause();
      });
      socket.send(JSON.stringify({ type: 'join-stream', streamId: STREAM }));
    }),
  );
  await delay(STAY);
  for (const socket of readers) socket.destroy();
  for (const socket of joined) socket.terminate();
  arrivals.check();
}

export async function slowHeaders(arena: Arena): Promise<void> {
  const header = `${request('stream.m3u8', newAddress())}\r\nX-Slow: ${'a'.repeat(1000)}`;
  const arrivals = new Arrivals(300);
  const sockets = Array.from({ length: 300 }, () => open(arena).once('connect', arrivals.note));
  const end = performance.now() + STAY;
  for (let at = 0; performance.now() < end; at++) {
    for (const socket of sockets) if (socket.writable) socket.write(header.charAt(at));
    await delay(100);
  }
  for (const socket of sockets) socket.destroy();
  arrivals.check();
}

/** Half of them have become WebSockets, from ten addresses, before they fall silent. */
export async function silence(arena: Arena): Promise<void> {
  const from = Array.from({ length: 10 }, newAddress);
  const arrivals = new Arrivals(1000);
  const sockets = Array.from({ length: 500 }, () => open(arena).once('connect', arrivals.note));
  const webSockets = Array.from({ length: 500 }, (_, index) =>
    openWebSocket(arena, from[index % 10]!, arrivals.note),
  );
  await delay(STAY);
  const gone =
    sockets.filter(({ destroyed }) => destroyed).length +
    webSockets.filter(({ readyState }) => readyState !== WebSocket.OPEN).length;
  for (const socket of sockets) socket.destroy();
  for (const socket of webSockets) socket.terminate();
  arrivals.check();
  if (gone > 0) throw new Error(`${gone} of 1000 connections did not stay`);
}

/** Of 10 000 requests from this machine, which has no limits, how many the server looks up at least. */
const NOT_FOUND = 9000;

/** Each is answered: there is no such stream, or ask later. */
export async function bogusRequests(arena: Arena, random: Random): Promise<void> {
  const server = new URL(arena.server.url);
  const perConnection = 200;
  let notFound = 0;
  const clients = Array.from({ length: 50 }, async () => {
    let connection = new HttpConnection(server);
    for (let count = 0; count < perConnection; count++) {
      const directives = random.next() < 0.5 ? '' : `?_HLS_msn=${random.integer(0, 1000)}&_HLS_part=0`;
      const path = `/livestream/no-${random.integer(0, 1e9)}/${random.next() < 0.5 ? 'stream' : 'source/a'}.m3u8`;
      const { status } = await connection.get(path + directives);
      if (![404, 429, 503].includes(status)) throw new Error(`${path} is answered with ${status}`);
      if (status === 404) notFound++;
      else {
        connection.close();
        connection = new HttpConnection(server);
      }
    }
    connection.close();
  });
  await within(60, '10 000 answers', Promise.all(clients));
  if (notFound < NOT_FOUND) throw new Error(`${notFound} of 10 000 requests were looked up, and not refused`);
}

/** What the server says to a client until it closes, or until nothing more comes. */
async function provoke(arena: Arena, messages: readonly (string | Uint8Array)[]): Promise<ServerMessage[]> {
  const answers: ServerMessage[] = [];
  const socket = openWebSocket(arena, newAddress(), () => {
    for (const message of messages) socket.send(message);
    // Answered after everything before it, where the connection lives.
    socket.send(JSON.stringify({ type: 'clock', sent: 1 }));
  });
  const over = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as ServerMessage;
      if (answer.type === 'clock') resolve();
      else answers.push(answer);
    });
  });
  try {
    await within(10, 'an answer to what cannot be understood', over);
  } finally {
    socket.terminate();
  }
  return answers;
}

const FRAMES = {
  kind: 'frames',
  tracks: [{ id: 0, kind: 'video', codec: 'avc1.42E01F', width: 320, height: 180, frameRate: 30 }],
};

/** Every connection is told what is wrong, by a code. */
export async function malformedMessages(arena: Arena, random: Random): Promise<void> {
  const start = (format?: object): string =>
    JSON.stringify({ type: 'start-stream', streamId: arena.newName(), ...(format && { format }) });
  const noise = (): Buffer => random.bytes(random.integer(1, 3000));
  const kinds: (() => (string | Uint8Array)[])[] = [
    () => [noise()],
    () => ['{', 'null', '[]', '"start-stream"', '{"type":"__proto__"}', '{"type":{}}'],
    () => [JSON.stringify({ type: 'start-stream', streamId: '../../etc/passwd' })],
    () => [JSON.stringify({ type: 'start-stream', streamId: 'a\u0000b', format: { kind: 'frames' } })],
    () => [JSON.stringify({ type: 'join-stream', streamId: STREAM, constructor: { prototype: {} } }), '{]'],
    () => [start(FRAMES), ...Array.from({ length: 20 }, noise)],
    () => [start({ kind: 'container' }), ...Array.from({ length: 20 }, noise)],
    // The others' own id.
    () => [JSON.stringify({ type: 'start-stream', streamId: STREAM }), noise()],
    () => [
      JSON.stringify({ type: 'start-stream', streamId: STREAM, resume: { token: 'A'.repeat(32) } }),
      noise(),
    ],
  ];
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      kinds.map(async (messages, index) => {
        const answers = await provoke(arena, messages());
        if (!answers.some(({ type }) => type === 'error')) {
          throw new Error(`malformed messages of kind ${index} were not answered by an error`);
        }
      }),
    );
  }
}

/** Each is told which limit it was. */
export async function overLimits(arena: Arena, random: Random): Promise<void> {
  const start = (): string => JSON.stringify({ type: 'start-stream', streamId: arena.newName() });
  const join = (index: number): string =>
    JSON.stringify({ type: 'join-stream', streamId: `no-${random.integer(0, 1e9)}-${index}` });
  const [first] = (await numberedContainer()).messages();
  const header = Buffer.from(first!.bytes(true));
  const cases: { messages: (string | Uint8Array)[]; codes: ErrorCode[] }[] = [
    { messages: [start(), Buffer.alloc(5 * 1024 * 1024)], codes: ['TOO_LARGE'] },
    {
      // What can be read, so that it is the rate that is wrong.
      messages: [start(), header, ...Array.from({ length: 5000 }, () => Buffer.alloc(1))],
      codes: ['RATE_LIMITED'],
    },
    { messages: Array.from({ length: 300 }, (_, index) => join(index)), codes: ['RATE_LIMITED'] },
  ];
  for (const { messages, codes } of cases) {
    const answers = await provoke(arena, messages);
    const isTold = answers.some((answer) => answer.type === 'error' && codes.includes(answer.code));
    if (!isTold) throw new Error(`nobody was told ${codes.join(' or ')}`);
  }
  const long = `/livestream/${'a'.repeat(100_000)}/stream.m3u8`;
  const refused = await fetch(arena.server.url + long, { signal: AbortSignal.timeout(5000) });
  if (![400, 404, 414, 431].includes(refused.status)) {
    throw new Error(`a URL of 100 kB is answered with ${refused.status}`);
  }
}
