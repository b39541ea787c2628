import { openFfmpegHls } from './roads/ffmpeg-hls.js';
import { livedrop } from './roads/livedrop.js';
import { openNginxRtmp } from './roads/nginx-rtmp.js';
import { openNodeMediaServer } from './roads/node-media-server.js';
import type { Road } from './roads/road.js';

/** Every road from a camera to a viewer, by its name, ours first. */
export const ROADS = {
  'livedrop-200ms': livedrop({ partDuration: 0.2, encoder: 'webcodecs' }),
  'livedrop-100ms': livedrop({ partDuration: 0.1, encoder: 'webcodecs' }),
  'livedrop-instant': livedrop({ partDuration: 0.2, encoder: 'webcodecs', latency: 'instant' }),
  'livedrop-recorder': livedrop({ partDuration: 0.2, encoder: 'mediarecorder' }),
  'ffmpeg-hls': openFfmpegHls,
  'nginx-rtmp': openNginxRtmp,
  'node-media-server': openNodeMediaServer,
} satisfies Record<string, (name: string) => Promise<Road>>;

export type RoadName = keyof typeof ROADS;
