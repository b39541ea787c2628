import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a program to its end and gives what it printed; an exit code other than 0 rejects with it. */
export function execute(command: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, timeout: 120_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}

function npm(args: string[], cwd: string): Promise<string> {
  const cli = process.env['npm_execpath'];
  return cli?.endsWith('npm-cli.js')
    ? execute(process.execPath, [cli, ...args], cwd)
    : execute('npm', args, cwd);
}

/** An empty project that has the packed package installed, as anyone would have it. */
export interface ConsumerProject {
  folder: string;
  /** The paths in the tarball. */
  packedFiles: string[];
  write(path: string, text: string): Promise<void>;
  /** Runs an ES module in the project and gives what it printed. */
  runModule(text: string): Promise<string>;
  remove(): Promise<void>;
}

/** Packs the package as it is built and installs the tarball, without optional dependencies and install scripts. */
export async function createConsumerProject(): Promise<ConsumerProject> {
  const folder = await mkdtemp(join(tmpdir(), 'livedrop-consumer-'));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const packed = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  const [tarball] = JSON.parse(packed.slice(packed.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  await write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  const install = ['install', join(folder, tarball.filename), '--omit=optional', '--ignore-scripts'];
  await npm([...install, ...quietly], folder);
  return {
    folder,
    packedFiles: tarball.files.map(({ path }) => path),
    write,
    async runModule(text) {
      await write('module.mjs', text);
      return execute(process.execPath, ['module.mjs'], folder);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
