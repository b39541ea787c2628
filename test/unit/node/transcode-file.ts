import { readFile } from 'node:fs/promises';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import type { Sample, Track } from '../../../server/hls/sample.js';
import type { TranscoderEvents, TranscoderInput } from '../../../server/ingest/transcoder.js';
import { ffmpegTranscoder, type FfmpegTranscoderOptions } from '../../../server/node/ffmpeg-transcoder.js';

/** One sample with its presentation time in seconds. */
export interface TimedSample extends Sample {
  time: number;
}

export interface TranscodedFile {
  /** The fragmented MP4, whole. */
  bytes: Buffer;
  tracks: Track[];
  video: TimedSample[];
  audio: TimedSample[];
  error: Error | undefined;
}

/** How a stream is transcoded where nothing else is said. */
export const input: TranscoderInput = {
  streamId: 'test',
  container: 'webm',
  video: 'copy',
  audio: 'encode',
  keyFrameInterval: 1,
};

/** Runs a file through the transcoder and reads its output as the server does. */
export async function transcodeFile(
  path: string,
  settings: Partial<TranscoderInput>,
  options: Partial<FfmpegTranscoderOptions> = {},
): Promise<TranscodedFile> {
  const output: Uint8Array[] = [];
  const { started, exited } = observe(settings, options, (bytes) => output.push(bytes));
  const source = await readFile(path);
  const chunkSize = 16_384;
  for (let at = 0; at < source.length; at += chunkSize) {
    if (!started.write(source.subarray(at, at + chunkSize))) await started.drained();
  }
  started.end();
  const error = await exited;
  return { ...readFragments(output), bytes: Buffer.concat(output), error };
}

/** Starts a transcoder and gives its exit as a promise. */
export function observe(
  settings: Partial<TranscoderInput>,
  options: Partial<FfmpegTranscoderOptions> = {},
  onOutput: TranscoderEvents['onOutput'] = () => {},
) {
  const { promise: exited, resolve: onExit } = withResolvers<Error | undefined>();
  const factory = ffmpegTranscoder({ path: 'ffmpeg', ...options });
  const started = factory.start({ ...input, ...settings }, { onOutput, onExit });
  return { started, exited };
}

function readFragments(output: Uint8Array[]) {
  let tracks: Track[] = [];
  const samples: Sample[] = [];
  const reader = new FragmentReader({
    onTracks: (found) => (tracks = found),
    onSample: (sample) => samples.push(sample),
  });
  for (const bytes of output) reader.push(bytes);
  const timed = (kind: Track['kind']): TimedSample[] => {
    const track = tracks.find((candidate) => candidate.kind === kind);
    if (!track) return [];
    const own = samples.filter((sample) => sample.track === track.id);
    return own.map((sample) => ({
      ...sample,
      time: (sample.dts + sample.compositionOffset) / track.timescale,
    }));
  };
  return { tracks, video: timed('video'), audio: timed('audio') };
}

export function withResolvers<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
