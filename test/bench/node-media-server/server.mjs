// node-media-server on loopback, and an ffmpeg for each stream that fetches it by RTMP and makes HLS in the folder that the
// parent names.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import NodeMediaServer from 'node-media-server';

const { rtmp, http, ffmpegPath, arguments: output } = JSON.parse(process.argv[2]);
const data = mkdtempSync(join(tmpdir(), 'livedrop-bench-'));
const folders = new Map();
const processes = new Map();

const server = new NodeMediaServer({
  bind: '127.0.0.1',
  rtmp: { port: rtmp },
  http: { port: http },
  store: { path: data },
  record: { auto: false, path: data },
  webadmin: { enable: false },
});

server.on('postPublish', ({ streamPath }) => {
  const folder = folders.get(streamPath.split('/').at(-1));
  const input = [
    '-hide_banner',
    '-nostats',
    '-loglevel',
    'error',
    '-i',
    `rtmp://127.0.0.1:${rtmp}${streamPath}`,
  ];
  const ffmpeg = spawn(ffmpegPath, [...input, ...output, join(folder, 'stream.m3u8')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  processes.set(streamPath, ffmpeg);
});

server.on('donePublish', ({ streamPath }) => {
  processes.get(streamPath)?.kill('SIGKILL');
  processes.delete(streamPath);
});

process.on('message', ({ streamId, folder }) => folders.set(streamId, folder));
process.once('SIGTERM', () => void stop());

async function stop() {
  for (const ffmpeg of processes.values()) ffmpeg.kill('SIGKILL');
  await server.stop();
  rmSync(data, { recursive: true, force: true });
  process.exit();
}

await server.run();
process.send('ready');
