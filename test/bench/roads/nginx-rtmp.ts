import { Nginx } from '../servers/nginx.js';
import { RecorderRoad, RTMP } from './recorder/road.js';
import type { Road } from './road.js';

/** MediaRecorder, a WebSocket, ffmpeg to RTMP, nginx-rtmp's own HLS with fragments of 2 s, and hls.js with its defaults. */
export async function openNginxRtmp(name: string): Promise<Road> {
  const nginx = await Nginx.start({ rtmp: true });
  try {
    return await RecorderRoad.open(
      name,
      {
        output: (streamId) => [...RTMP, `${nginx.rtmpUrl}/${streamId}`],
        playlist: (streamId) => `${nginx.url}/${streamId}.m3u8`,
      },
      () => nginx.stop(),
    );
  } catch (error) {
    await nginx.stop();
    throw error;
  }
}
