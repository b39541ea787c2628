import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ffmpegPath } from '../helpers/media.js';
import type { Host, ServerSetup } from './implementation.js';

const run = promisify(execFile);

const root = fileURLToPath(new URL('../../', import.meta.url));
const project = join(root, 'test/fixtures/node-ws');

/** Names the package that is installed in the project by a digest of its files. */
const stampPath = join(project, 'node_modules/.livedrop');

/**
 * Compiles the server and installs it in the fixture project as npm installs it for anyone: packed, with its
 * own @hono/node-server 2 beside the project's 1. Does only what has changed since the last run.
 */
export async function installNodeWsProject(): Promise<void> {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'server/node'], {
    cwd: root,
  });
  const digest = await packageDigest();
  const installed = existsSync(stampPath) ? await readFile(stampPath, 'utf8') : '';
  if (installed === digest) return;
  const folder = await mkdtemp(join(tmpdir(), 'livedrop-packed-'));
  try {
    await npm(['ci', '--ignore-scripts'], project);
    await npm(['pack', '--ignore-scripts', '--pack-destination', folder], root);
    const [tarball] = await readdir(folder);
    await npm(
      ['install', '--no-save', '--ignore-scripts', '--omit=optional', join(folder, tarball!)],
      project,
    );
    await writeFile(stampPath, digest);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packageDigest(): Promise<string> {
  const entries = await readdir(join(root, 'dist/server'), { withFileTypes: true, recursive: true });
  const modules = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const path of [...modules, join(root, 'package.json'), join(project, 'package-lock.json')]) {
    hash
      .update(path)
      .update('\0')
      .update(await readFile(path));
  }
  return hash.digest('hex');
}

async function npm(args: string[], cwd: string): Promise<void> {
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  const cli = process.env['npm_execpath'];
  const [command, first] = cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
  await run(command, [...first, ...args, ...quietly], { cwd, timeout: 120_000 });
}

/** Longer than it takes to flush every transcoder, milliseconds. */
const EXIT_TIME = 8000;

/** livedrop in an app on @hono/node-server 1 and @hono/node-ws, in a process and a project of its own. */
export async function startNodeWsHost({ mountPath = '/live', ...options }: ServerSetup): Promise<Host> {
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: project,
    env: {
      ...process.env,
      FFMPEG_PATH: ffmpegPath,
      LIVESTREAM_OPTIONS: JSON.stringify({ ...options, mountPath }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Shown when something is wrong: on Node 20 node-ws also prints an error of its own for each broken connection.
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += String(data)));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const port = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    void exited.then((code) =>
      reject(new Error(`server.mjs exited with code ${code} before it listened\n${stderr}`)),
    );
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    mountPath,
    async close() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_TIME);
      const code = await exited;
      clearTimeout(timer);
      if (code === null)
        throw new Error(`server.mjs did not exit within ${EXIT_TIME} ms of SIGTERM\n${stderr}`);
      if (code !== 0) throw new Error(`server.mjs exited with code ${code}\n${stderr}`);
    },
  };
}
