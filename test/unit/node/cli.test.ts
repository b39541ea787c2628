import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';

// Each test starts Node and compiles the sources.
vi.setConfig({ testTimeout: 60_000 });

const local = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** @param log where stderr goes, a file descriptor */
function run(args: string[], env: Record<string, string> = {}, log?: number) {
  const command = [local('.scripts/run-typescript.mjs'), local('server/node/cli.ts'), ...args];
  const cli = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', log ?? 'pipe'],
    env: { ...process.env, LIVEDROP_PORT: '', LIVEDROP_STREAM_KEYS: '', ...env },
  });
  const exited = once(cli, 'exit').then(([code]) => code as number | null);
  return { cli, exited, stderr: cli.stderr ? text(cli.stderr) : Promise.resolve('') };
}

async function readUntil(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  let output = '';
  for await (const chunk of stream) {
    output += String(chunk);
    if (pattern.test(output)) break;
  }
  return output;
}

describe('livedrop', () => {
  it.skipIf(process.platform === 'win32')(
    'prints where to broadcast and watch, nothing else, and stops on SIGINT',
    async () => {
      const { cli, exited, stderr } = run(['--port', '0']);
      const output = await readUntil(cli.stdout!, /watch\.html\n\n/);
      const url = /Broadcast +(http:\/\/localhost:\d+)\/demo\/broadcast\.html/.exec(output)?.[1];
      expect(output).toContain(`Watch      ${url}/demo/watch.html`);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      cli.kill('SIGINT');
      expect(await exited).toBe(0);
      expect(await stderr).toBe('');
    },
  );

  it.skipIf(process.platform !== 'linux')('goes on where its log cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const { cli, exited } = run(['--port', '0', '--log-level', 'debug'], {}, full);
    try {
      const url = /http:\/\/localhost:\d+/.exec(await readUntil(cli.stdout!, /watch\.html\n\n/))![0];
      // Lines of the log, beside that of its start.
      const socket = new WebSocket(`${url.replace('http', 'ws')}/livestream/ws`);
      await once(socket, 'open');
      for (const type of ['start-stream', 'stop-stream'])
        socket.send(JSON.stringify({ type, streamId: 'a' }));
      await once(socket, 'message');
      socket.close();
      await once(socket, 'close');
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      cli.kill('SIGINT');
      expect(await exited).toBe(0);
    } finally {
      cli.kill('SIGKILL');
      closeSync(full);
    }
  });

  it('exits with 1 over a limit that is out of its range', async () => {
    const { exited, stderr } = run(['--port', '0', '--limit', 'maxStreams=0']);
    expect(await exited).toBe(1);
    expect(await stderr).toBe('livedrop: maxStreams is 0; give a number from 1 to 1000000\n');
  });

  it('exits with 2 over an option it does not know', async () => {
    const { exited, stderr } = run(['--prot', '1']);
    expect(await exited).toBe(2);
    expect(await stderr).toContain("livedrop: Unknown option '--prot'");
  });

  it('exits with 1 and one sentence where the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { exited, stderr } = run([], { LIVEDROP_PORT: String(port) });
    expect(await exited).toBe(1);
    expect(await stderr).toBe(
      `livedrop: Not listening: port ${port} is in use by another program; choose another with --port or LIVEDROP_PORT.\n`,
    );
    other.close();
  });
});
