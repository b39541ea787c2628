// What the build reads, and whether it changed since the last one.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './run.mjs';

const folders = ['widget', 'server', 'demo'];
const files = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'vite.config.ts',
  'vite.demo.config.ts',
  'custom-elements-manifest.config.mjs',
];
const stampPath = join(root, 'node_modules', '.cache', 'livedrop', 'build');

/** Every file in a folder and below it, as paths relative to the repository, sorted. */
export function filesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length))
    .sort();
}

/** A digest of all the build's input. */
export function sourceDigest() {
  const hash = createHash('sha256');
  for (const path of [...folders.flatMap(filesIn), ...files]) {
    const full = join(root, path);
    if (existsSync(full)) hash.update(path).update('\0').update(readFileSync(full)).update('\0');
  }
  return hash.digest('hex');
}

/** What {@link sourceDigest} was at the last successful build whose output is still there. */
export function builtDigest() {
  const outputs = ['dist/server/node/cli.js', 'dist/browser/livedrop.js'].map((path) => join(root, path));
  if (!existsSync(stampPath) || !outputs.every(existsSync)) return undefined;
  return readFileSync(stampPath, 'utf8');
}

/** Remembers a successful build. */
export function rememberBuild(digest) {
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, digest);
}
