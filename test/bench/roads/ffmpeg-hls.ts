import { FfmpegHlsServer } from './ffmpeg-hls/server.js';
import type { Road } from './road.js';

/** MediaRecorder, a WebSocket, `ffmpeg -f hls -hls_time 2`, a folder served over HTTP, and hls.js with its defaults. */
export async function openFfmpegHls(): Promise<Road> {
  const server = await FfmpegHlsServer.start();
  return {
    name: 'ffmpeg -f hls',
    url: server.url,
    // Its script runs before the page counts as loaded.
    waits: () => Promise.resolve(),
    endStream: () => server.endStreams(),
    problems: () => server.problems(),
    close: () => server.close(),
  };
}
