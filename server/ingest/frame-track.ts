import { LivestreamError } from '../errors.js';
import type { TrackConfig } from '../protocol.js';
import { readAudioTrack } from './audio-track.js';
import type { ChunkReader } from './chunk-reader.js';
import { H264Track } from './h264-track.js';

/**
 * Makes the reader for a track of `start-stream` or `track-config`.
 * @param id of its samples
 * @throws LivestreamError UNSUPPORTED_FORMAT or BAD_MESSAGE saying what is wrong with which track
 */
export function createChunkReader(config: TrackConfig, id: number): ChunkReader {
  return config.kind === 'video' ? new H264Track(config, id) : readAudioTrack(config, id);
}

/** A track with the reader of its chunks. */
export interface FrameTrack {
  config: TrackConfig;
  reader: ChunkReader;
}

/**
 * The tracks of `start-stream`: one of video, one of audio, or both.
 * @throws LivestreamError UNSUPPORTED_FORMAT or BAD_MESSAGE saying what is wrong with which track
 */
export function readTracks(configs: readonly TrackConfig[]): FrameTrack[] {
  for (const kind of ['video', 'audio'] as const) {
    const count = configs.filter((config) => config.kind === kind).length;
    if (count > 1) {
      throw new LivestreamError(
        'UNSUPPORTED_FORMAT',
        `${count} tracks of ${kind}; send at most one of video and one of audio`,
      );
    }
  }
  if (configs.length === 2 && configs[0]?.id === configs[1]?.id) {
    throw new LivestreamError('BAD_MESSAGE', `two tracks have the id ${configs[0]?.id}; give each its own`);
  }
  // Video first, as everywhere.
  const sorted = [...configs].sort((a, b) => Number(a.kind === 'audio') - Number(b.kind === 'audio'));
  return sorted.map((config, index) => ({ config, reader: createChunkReader(config, index + 1) }));
}
