// Runs a TypeScript module to the end of its top-level code: Node.js 20 cannot by itself.
import { runnerImport } from 'vite';
import { root } from './run.mjs';

const [path] = process.argv.splice(2, 1);
await runnerImport(path, { root, configFile: false, logLevel: 'error' });
