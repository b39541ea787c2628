import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Asset, AssetStore } from '../index.js';
import { packageRoot } from './package-root.js';

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** The build puts what has a hash in its name in a folder `assets`. */
const IMMUTABLE = /(^|\/)assets\//;

/**
 * The widget's script and the demo, from the package's `dist/browser` and `dist/demo`. Files are read into memory
 * once, at the first request; a name is looked up among them, so it cannot lead anywhere else.
 * @param folder where `browser` and `demo` are. Default: the package's `dist`
 */
export function widgetAssets(folder: string = join(packageRoot, 'dist')): AssetStore {
  let files: Promise<Map<string, Asset>> | undefined;
  return {
    async read(name) {
      files ??= readAll(folder);
      try {
        return (await files).get(name);
      } catch (error) {
        // Out of file descriptors, say: the next request tries again.
        files = undefined;
        throw error;
      }
    },
  };
}

async function readAll(folder: string): Promise<Map<string, Asset>> {
  const [browser, demo] = await Promise.all([
    readFolder(join(folder, 'browser'), ''),
    readFolder(join(folder, 'demo'), 'demo/'),
  ]);
  return new Map([...browser, ...demo]);
}

async function readFolder(folder: string, prefix: string): Promise<[string, Asset][]> {
  const files = (await listFiles(folder)).map(async (path): Promise<[string, Asset]> => {
    const name = prefix + relative(folder, path).split(sep).join('/');
    const body = new Uint8Array(await readFile(path));
    return [
      name,
      { body, type: TYPES[extname(path)] ?? 'application/octet-stream', immutable: IMMUTABLE.test(name) },
    ];
  });
  return await Promise.all(files);
}

/** None where the folder is missing: a server without the widget still serves streams. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
