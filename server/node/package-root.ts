import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This module is `dist/server/node/…` in the package and `server/node/…` in its sources. */
const above = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The folder of the package's `package.json`. */
export const packageRoot = basename(above) === 'dist' ? dirname(above) : above;
