import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Who may import whom: each a file, an import in it, and whether the linter takes it. */
const table: [file: string, statement: string, allowed: boolean][] = [
  ['server/protocol.ts', "import type { Hono } from 'hono'", false],
  ['server/errors.ts', "import { isStreamId } from './protocol.js'", false],
  ['server/errors.ts', "import type { ErrorCode } from './protocol.js'", true],
  ['server/hls/a.ts', "import { readFile } from 'node:fs/promises'", false],
  ['server/hls/a.ts', "import { html } from 'lit'", false],
  ['server/hls/a.ts', "import { Stream } from '../streams/stream.js'", false],
  ['server/hls/a.ts', "import { box } from './boxes.js'", true],
  ['server/hls/a.ts', "import { PlaybackError } from '../errors.js'", true],
  ['server/streams/a.ts', "import { PublishSession } from '../ingest/publish-session.js'", false],
  ['server/streams/a.ts', "import { Hono } from 'hono'", false],
  ['server/streams/a.ts', "import { Window } from '../hls/window.js'", true],
  ['server/ingest/a.ts', "import { playback } from '../routes/playback.js'", false],
  ['server/ingest/a.ts', "import { spawn } from 'node:child_process'", false],
  ['server/ingest/a.ts', "import { Streams } from '../streams/streams.js'", true],
  ['server/routes/a.ts', "import { WebSocketServer } from 'ws'", false],
  ['server/routes/a.ts', "import { findFfmpeg } from '../node/find-ffmpeg.js'", false],
  ['server/routes/a.ts', "import { createApp } from '../app.js'", false],
  ['server/routes/a.ts', "import { Hono } from 'hono'", true],
  ['server/app.ts', "import { serve } from './node/serve.js'", false],
  ['server/app.ts', "import { createHash } from 'node:crypto'", false],
  ['server/app.ts', "import { Hono } from 'hono'", true],
  ['server/access/a.ts', "import pino from 'pino'", false],
  ['server/access/a.ts', "import { playback } from '../routes/playback.js'", false],
  ['server/access/a.ts', "import { SignJWT } from 'jose'", true],
  ['server/ingest/a.ts', "import { Access } from '../access/access.js'", false],
  ['server/node/a.ts', "import { LivePlayer } from '../../widget/index.js'", false],
  ['server/node/a.ts', "import { spawn } from 'node:child_process'", true],
  ['widget/live-a.ts', "import { Publisher } from './media/publisher.js'", false],
  ['widget/live-a.ts', "import { isStreamId } from '../server/protocol.js'", false],
  ['widget/live-a.ts', "import { Hono } from 'hono'", false],
  ['widget/live-a.ts', "import { html } from 'lit'", true],
  ['widget/live-a.ts', "import { MediaStreamController } from './controllers/media-stream.js'", true],
  ['widget/elements/a.ts', "import { Publisher } from '../media/publisher.js'", false],
  ['widget/controllers/a.ts', "import { html } from 'lit'", false],
  ['widget/controllers/a.ts', "import { LivePlayer } from '../live-player.js'", false],
  ['widget/controllers/a.ts', "import type { ReactiveController } from 'lit'", true],
  ['widget/controllers/a.ts', "import { Publisher } from '../media/publisher.js'", true],
  ['widget/media/a.ts', "import { html } from 'lit'", false],
  ['widget/media/a.ts', "import { VideoElementController } from '../controllers/video-element.js'", false],
  ['widget/media/a.ts', "import { isStreamId } from '../../server/protocol.js'", false],
  ['widget/media/a.ts', "import type { ServerMessage } from '../../server/protocol.js'", true],
  ['widget/media/a.ts', "import Hls from 'hls.js/light'", true],
  ['demo/a.ts', "import { LivePlayer } from '../widget/index.js'", false],
  ['demo/a.ts', "import { LivePlayer } from 'livedrop/widget/live-player.js'", false],
  ['demo/a.ts', "import { LivePlayer } from 'livedrop'", true],
];

interface Report {
  diagnostics: { code: string; filename: string }[];
}

function lint(folder: string): Promise<Report> {
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [oxlint, '--format', 'json'], { cwd: folder }, (_error, stdout) => {
      try {
        resolve(JSON.parse(stdout) as Report);
      } catch {
        reject(new Error(`oxlint printed no report: ${stdout}`));
      }
    });
  });
}

describe('who may import whom', () => {
  let folder = '';
  let refused = new Map<string, string[]>();

  /** A file of its own for each row, in the folder whose rule it tries. */
  const rowPath = (index: number): string => {
    const file = table[index]![0];
    // The rules of single files go by their name.
    const byName = /^server\/(protocol|errors|app|access)\.ts$/.test(file);
    return byName ? join(`row-${index}`, file) : file.replace(/\.ts$/, `-${index}.ts`);
  };

  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'livedrop-lint-'));
    const configs = new Set(['']);
    for (const [index, [, statement]] of table.entries()) {
      const name = /\{ (\w+) \}|import (\w+)/.exec(statement);
      const path = rowPath(index);
      if (path.startsWith('row-')) configs.add(`row-${index}`);
      await write(path, `${statement};\nexport type Row = typeof ${name?.[1] ?? name?.[2]};\n`);
    }
    for (const each of configs) {
      await copyFile(join(root, '.oxlintrc.json'), join(folder, each, '.oxlintrc.json'));
    }
    const { diagnostics } = await lint(folder);
    refused = new Map();
    for (const { code, filename } of diagnostics) {
      const path = filename.replaceAll('\\', '/');
      refused.set(path, [...(refused.get(path) ?? []), code]);
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(table.map((row, index) => ({ file: row[0], statement: row[1], allowed: row[2], index })))(
    '$file: $statement → $allowed',
    ({ allowed, index }) => {
      const codes = refused.get(rowPath(index)) ?? [];
      expect(codes.includes('eslint(no-restricted-imports)')).toBe(!allowed);
    },
  );

  it('forbids import cycles', async () => {
    await write('cycle/.oxlintrc.json', '{}');
    await copyFile(join(root, '.oxlintrc.json'), join(folder, 'cycle/.oxlintrc.json'));
    await write('cycle/server/hls/a.ts', "import { b } from './b.js';\nexport const a = () => b;\n");
    await write('cycle/server/hls/b.ts', "import { a } from './a.js';\nexport const b = () => a;\n");
    const { diagnostics } = await lint(join(folder, 'cycle'));
    expect(diagnostics.map(({ code }) => code)).toContain('import(no-cycle)');
  });
});
