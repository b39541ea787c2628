import { concat } from '../../../server/hls/boxes.js';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import type { Sample, Track } from '../../../server/hls/sample.js';
import type { Segment } from '../../../server/hls/window.js';
import type { LivestreamError } from '../../../server/errors.js';
import { readTracks } from '../../../server/ingest/frame-track.js';
import { FramesIngest } from '../../../server/ingest/frames-ingest.js';
import { defaultLimits, defaultPackaging, silentLogger, type Limits } from '../../../server/options.js';
import type { FramesFormat } from '../../../server/protocol.js';
import { Stream } from '../../../server/streams/stream.js';
import { frameMessage, type Frame } from '../../helpers/frames.js';

/** A stream that keeps everything, with an ingest of frames in front. */
export function setUp(format: FramesFormat, limits: Partial<Limits> = {}) {
  const failures: LivestreamError[] = [];
  const notices: LivestreamError[] = [];
  const stream = new Stream('test', { ...defaultPackaging, windowSegments: 1000 }, () => {});
  const ingest = new FramesIngest(
    {
      stream,
      tracks: readTracks(format.tracks),
      limits: { ...defaultLimits, ...limits },
      logger: silentLogger,
    },
    { onFailure: (error) => failures.push(error), onNotice: (error) => notices.push(error) },
  );
  const { window } = stream.source;
  return {
    ingest,
    stream,
    window,
    failures,
    notices,
    write: (frames: readonly Frame[]) => frames.forEach(({ message }) => ingest.write(message)),
    drops: () => Object.fromEntries(ingest.drops.counts),
    /** Ends it, and what was published: a list for each run. */
    finish: async () => {
      await ingest.end();
      stream.end();
      return readRuns(
        window.listed,
        (id) => window.init(id)!,
        (msn) => window.segment(msn)!,
      );
    },
  };
}

/** What one run of the stream holds. */
export interface PublishedRun {
  tracks: Track[];
  samples: Sample[];
  /** Of the samples of a kind, the chunks. */
  chunks(kind: 'video' | 'audio'): string[];
  times(kind: 'video' | 'audio'): number[];
}

function readRuns(
  segments: readonly Segment[],
  init: (id: number) => Uint8Array,
  media: (msn: number) => Uint8Array,
): PublishedRun[] {
  const groups: Segment[][] = [];
  for (const segment of segments) {
    if (segment.discontinuity || groups.length === 0) groups.push([]);
    groups.at(-1)!.push(segment);
  }
  return groups.map((group) => {
    let tracks: Track[] = [];
    const samples: Sample[] = [];
    const reader = new FragmentReader({
      onTracks: (found) => (tracks = found),
      onSample: (sample) => samples.push(sample),
    });
    reader.push(concat([init(group[0]!.init), ...group.map(({ msn }) => media(msn))]));
    const of = (kind: string) =>
      samples.filter(({ track }) => tracks.find(({ id }) => id === track)?.kind === kind);
    return {
      tracks,
      samples,
      chunks: (kind) => of(kind).map(({ data }) => digest(data)),
      times: (kind) =>
        of(kind).map(({ dts, track }) => dts / tracks.find(({ id }) => id === track)!.timescale),
    };
  });
}

export const digest = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** The chunks of a track's frames. */
export const chunksOf = (frames: readonly Frame[], track: number): string[] =>
  frames.filter((frame) => frame.track === track).map(({ chunk }) => digest(chunk));

/** Those of the picture. */
export const pictures = (frames: readonly Frame[]): Frame[] => frames.filter(({ track }) => track === 0);

/** A frame with another chunk, or another header. */
export const rewrite = (frame: Frame, chunk: Uint8Array, header: Partial<Frame> = {}): Frame => ({
  ...frame,
  ...header,
  chunk,
  message: frameMessage({ ...frame, ...header }, chunk),
});

/** A message with one byte changed. */
export function patch(message: Uint8Array, at: number, value: number): Uint8Array {
  const patched = message.slice();
  patched[at] = value;
  return patched;
}
