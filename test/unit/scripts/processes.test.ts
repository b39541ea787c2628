import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGroup } from '../../../.scripts/group.mjs';

const script = (name: string) => new URL(`../../../.scripts/${name}`, import.meta.url).href;

describe.skipIf(process.platform === 'win32')('processes that scripts start', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'livedrop-processes-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("stop when npm's shell is gone", async () => {
    const path = join(folder, 'server.mjs');
    await writeFile(
      path,
      `import { stopWithParent } from '${script('with-parent.mjs')}';
      stopWithParent();
      process.on('SIGTERM', () => { console.log('stopped'); process.exit(0); });
      setInterval(() => {}, 1000);
      console.log('ready');`,
    );
    // What follows the command keeps the shell from becoming it.
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${path}"; true`], {
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    shell.stdout.on('data', (data: Buffer) => (printed += data.toString()));
    await once(shell.stdout, 'data');
    shell.kill('SIGTERM');
    await once(shell, 'close');
    expect(printed).toBe('ready\nstopped\n');
  });

  it('end with the script that started them, all of them, and say what they say where it is asked for', async () => {
    const [pids, path, sleeper] = ['pids', 'two.mjs', 'sleeper.mjs'].map((name) => join(folder, name));
    await writeFile(
      sleeper!,
      `import { appendFileSync } from 'node:fs';
      console.log('asleep');
      appendFileSync(${JSON.stringify(pids)}, process.pid + ' ');
      setInterval(() => {}, 1000);`,
    );
    await writeFile(
      path!,
      `import { runGroup } from '${script('group.mjs')}';
      for (const name of ['a', 'b'])
        void runGroup([${JSON.stringify(sleeper)}], { timeout: 60_000, outputPath: ${JSON.stringify(folder)} + '/' + name });`,
    );
    const parent = spawn(process.execPath, [path!], { stdio: 'ignore' });
    const started = async () =>
      (await readFile(pids!, 'utf8').catch(() => '')).trim().split(/ +/).filter(Boolean);
    await expect.poll(started, { timeout: 10_000 }).toHaveLength(2);
    parent.kill('SIGINT');
    await once(parent, 'close');
    for (const pid of await started()) await expect.poll(() => isRunning(Number(pid))).toBe(false);
    for (const name of ['a', 'b']) expect(await readFile(join(folder, name), 'utf8')).toBe('asleep\n');
  });

  it('leave nothing behind when their group ends', async () => {
    const pidPath = join(folder, 'pid');
    const path = join(folder, 'parent.mjs');
    await writeFile(
      path,
      `import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      child.unref();
      writeFileSync(${JSON.stringify(pidPath)}, String(child.pid));
      process.exitCode = 3;`,
    );
    const result = await runGroup([path], { timeout: 20_000 });
    expect(result).toEqual({ code: 3, timedOut: false });
    const pid = Number(await readFile(pidPath, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it('are ended when they take too long', async () => {
    const path = join(folder, 'endless.mjs');
    await writeFile(path, 'setInterval(() => {}, 1000);');
    expect(await runGroup([path], { timeout: 300 })).toEqual({ code: 1, timedOut: true });
  });

  it('may put things back when they are told to stop, and not for ever', async () => {
    const path = join(folder, 'mount.mjs');
    const left = join(folder, 'left');
    await writeFile(
      path,
      `import { writeFileSync } from 'node:fs';
      process.on('SIGTERM', () => process.argv[2] === 'stays' || (writeFileSync('${left}', 'put back'), process.exit(0)));
      setInterval(() => {}, 1000);`,
    );
    const { timedOut } = await runGroup([path], { timeout: 1000, grace: 20_000 });
    expect(timedOut).toBe(true);
    expect(await readFile(left, 'utf8')).toBe('put back');
    expect((await runGroup([path, 'stays'], { timeout: 500, grace: 100 })).timedOut).toBe(true);
  });
});

/** A process that ended but was not waited for is no longer running. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) Z /.test(status);
}
