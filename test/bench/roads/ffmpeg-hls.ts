import { join } from 'node:path';
import { RecorderRoad } from './recorder/road.js';
import type { Road } from './road.js';

/** As the manuals have it: nothing tuned. */
export const FFMPEG_HLS = ['-c:v', 'copy', '-c:a', 'aac', '-f', 'hls', '-hls_time', '2'];

/** MediaRecorder, a WebSocket, `ffmpeg -f hls -hls_time 2`, a folder served over HTTP, and hls.js with its defaults. */
export async function openFfmpegHls(name: string): Promise<Road> {
  return RecorderRoad.open(name, {
    output: (_streamId, folder) => [...FFMPEG_HLS, join(folder, 'stream.m3u8')],
    playlist: (streamId) => `/streams/${streamId}/stream.m3u8`,
  });
}
