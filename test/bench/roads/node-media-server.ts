import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ffmpegPath } from '../../helpers/media.js';
import { within } from '../deadline.js';
import { freePorts } from '../servers/ports.js';
import { endProcess } from '../servers/processes.js';
import { FFMPEG_HLS } from './ffmpeg-hls.js';
import { RecorderRoad, RTMP } from './recorder/road.js';
import type { Road } from './road.js';

const PROGRAM = fileURLToPath(new URL('../node-media-server/server.mjs', import.meta.url));

/**
 * MediaRecorder, a WebSocket, ffmpeg to RTMP, node-media-server, and an ffmpeg that fetches the stream from it: since its
 * version 4 it makes no HLS itself. The folder is served over HTTP, and played by hls.js with its defaults.
 */
export async function openNodeMediaServer(name: string): Promise<Road> {
  const [rtmp = 0, http = 0] = await freePorts(2);
  const server = fork(PROGRAM, [JSON.stringify({ rtmp, http, ffmpegPath, arguments: FFMPEG_HLS })], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let problem = '';
  server.stderr?.on('data', (text) => (problem += String(text)));
  const failed = once(server, 'exit').then(() => Promise.reject(new Error(`it ended: ${problem}`)));
  try {
    await within(10, 'the start of node-media-server', Promise.race([once(server, 'message'), failed]));
    failed.catch(() => {});
    return await RecorderRoad.open(
      name,
      {
        output: (streamId, folder) => {
          // It makes HLS in this folder once the stream is there.
          server.send({ streamId, folder });
          return [...RTMP, `rtmp://127.0.0.1:${rtmp}/live/${streamId}`];
        },
        playlist: (streamId) => `/streams/${streamId}/stream.m3u8`,
      },
      () => endProcess(server),
    );
  } catch (error) {
    await endProcess(server);
    throw error;
  }
}
