// npm run dev: the server as `npm start` runs it, built anew and started again when a source changes.
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { root } from './run.mjs';

const start = fileURLToPath(new URL('start.mjs', import.meta.url));
const quietFor = 300;

let server;
let timer;

function launch() {
  server = spawn(process.execPath, [start, ...process.argv.slice(2)], { stdio: 'inherit' });
}

function restart() {
  if (server.exitCode !== null || server.signalCode !== null) return launch();
  if (server.listenerCount('exit') === 0) server.once('exit', launch);
  server.kill('SIGTERM');
}

for (const folder of ['widget', 'server', 'demo']) {
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(restart, quietFor);
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (server.exitCode !== null) process.exit(0);
    server.removeAllListeners('exit');
    server.once('exit', () => process.exit(0));
    server.kill('SIGTERM');
  });
}
launch();
