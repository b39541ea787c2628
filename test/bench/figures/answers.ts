import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Figure, Row } from '../figure.js';
import { LoadGenerator } from '../load/generator.js';
import { alternate } from '../rounds.js';
import { withLive, type Live } from '../servers/live.js';
import { Nginx } from '../servers/nginx.js';
import { processorSeconds } from '../servers/processes.js';
import { RawHttpServer, type RawFile } from '../servers/raw-http.js';
import { format } from '../table.js';

const ROUNDS = 3;

/** Of a stream, so that its playlist is full, seconds. */
const AGE = 12;

/** Something that answers the same as the others. */
interface Answerer {
  name: string;
  url: string;
  pid: number;
}

const KINDS = ['part', 'playlist'] as const;
type Kind = (typeof KINDS)[number];

/** What answering costs, whatever else a server does. */
export const answers: Figure = {
  name: 'answers',
  title: 'Answers per second of processor time: a part of about 60 kB, and a media playlist (gzip)',
  method:
    'The same bytes and headers from each server, in a process of its own, to 16 connections that ask again as soon as they ' +
    'are answered. The time is that of the server’s process by /proc, not of the clock. Livedrop: a live stream whose ' +
    'publisher is silent meanwhile. node:http: a Map of bytes and headers. nginx: one worker, sendfile, gzip_static.',
  goals: [
    { row: 'parts', roads: ['livedrop'], least: 0.9, isRatio: true },
    { row: 'playlists', roads: ['livedrop'], least: 0.9, isRatio: true },
  ],

  async measure({ rounds = ROUNDS, seconds, progress, profiles }) {
    const each = Math.max(1, seconds / 4);
    return withLive({ age: AGE, ...(profiles && { profiles }) }, async (live) => {
      live.source.pause();
      const paths = await live.newest();
      const load = await LoadGenerator.start();
      const others: { stop(): Promise<void> }[] = [load];
      try {
        const answerers: Answerer[] = [{ name: 'livedrop', url: live.server.url, pid: live.server.pid }];
        const raw = await RawHttpServer.start(await copy(live, Object.values(paths), live.folder));
        others.push(raw);
        answerers.push({ name: 'node:http', url: raw.url, pid: raw.pid });
        try {
          const nginx = await Nginx.start();
          others.push(nginx);
          await copy(live, Object.values(paths), nginx.folder);
          answerers.push({ name: 'nginx', url: nginx.url, pid: nginx.pid });
        } catch (error) {
          progress(`without nginx: ${(error as Error).message}`);
        }
        const results = await alternate(rounds, answerers, async ({ name, url, pid }, round) => {
          const result = {} as Record<Kind, number>;
          for (const kind of KINDS) {
            await load.ask(url, paths[kind], each / 4);
            const before = await processorSeconds(pid);
            const count = await load.ask(url, paths[kind], each);
            result[kind] = count / ((await processorSeconds(pid)) - before);
          }
          const texts = KINDS.map((kind) => `${kind} ${format('per second', result[kind])}`);
          progress(`${round + 1}/${rounds} ${name}: ${texts.join(', ')}`);
          return result;
        });
        const row = (kind: Kind): Row => ({
          what: `${kind}s`,
          unit: 'per second',
          summary: 'median',
          values: Object.fromEntries(
            Object.entries(results).map(([name, of]) => [name, of.map((result) => result[kind])]),
          ),
        });
        return { baseline: 'node:http', rows: KINDS.map(row) };
      } finally {
        await Promise.all(others.map((other) => other.stop()));
      }
    });
  },
};

/** Fetches what the server answers to these paths into a folder, as a server of files wants it. */
export async function copy(live: Live, paths: readonly string[], folder: string): Promise<RawFile[]> {
  const files: RawFile[] = [];
  for (const path of paths) {
    const response = await fetch(live.server.url + path);
    const body = Buffer.from(await response.arrayBuffer());
    const file = join(folder, path);
    const isCompressed = response.headers.get('Content-Encoding') === 'gzip';
    const names = [
      'Content-Type',
      'Cache-Control',
      'Access-Control-Allow-Origin',
      'Vary',
      'Content-Encoding',
      'X-Content-Type-Options',
      'Cross-Origin-Resource-Policy',
    ];
    const headers = names.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, body);
    if (isCompressed) await writeFile(`${file}.gz`, gzipSync(body));
    files.push({ path, file: isCompressed ? `${file}.gz` : file, headers: Object.fromEntries(headers) });
  }
  return files;
}
