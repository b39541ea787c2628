import { readInitTracks, readTimes, type TimedRun } from '../../helpers/fragment-times.js';
import { readPlaylist } from '../../helpers/hls-client.js';
import { playlistRules, ruleName } from '../llhls-rules.js';

export interface RecordedPart {
  uri: string;
  /** EXT-X-PART's DURATION, seconds. */
  duration: number;
  independent: boolean;
  bytes: Uint8Array;
}

export interface RecordedSegment {
  msn: number;
  /** EXTINF, seconds. */
  duration: number;
  discontinuity: boolean;
  /** Its init segment. */
  init: Uint8Array;
  parts: RecordedPart[];
  bytes: Uint8Array;
}

/** A stream from its first playlist to its end, as one who followed all of it has it. */
export interface StreamRecording {
  /** Made of another rendition from somewhere on, with its timeline. */
  isDerived?: boolean;
  /** Every version of its media playlist, in order. */
  playlists: string[];
  /** Every segment, in order, whole. */
  segments: RecordedSegment[];
}

export interface MediaRule {
  section: string;
  rule: string;
  /** Kept where a source tells how long a frame is, or keeps to its rate: not where frames do not come when they were expected. */
  isOfKnownLengths?: boolean;
  check(recording: StreamRecording): string[];
}

/** Sources tell times in whole milliseconds at worst, and a guess at a frame's length may be that wrong. */
const EXACT = 0.0021;

/** A last part of a segment is at least so much of others. */
const LEAST_REST = 0.15;

/** Less than a tick of any clock, seconds. */
const DISTINCT = 5e-6;

/** How far ahead of their part's samples another track's may be: of sound, a frame. */
const AUDIO_FRAME = 0.0615;

interface TimedPart extends RecordedPart {
  /** On the stream's timeline, by the playlist, seconds. */
  start: number;
  end: number;
  name: string;
  runs: TimedRun[];
  primary: TimedRun | undefined;
  segment: RecordedSegment;
  /** Of its segment. */
  isFirst: boolean;
  isLast: boolean;
}

const timelines = new WeakMap<StreamRecording, TimedPart[]>();

/** A recording's parts with their place by the playlist and the times of their samples. Every rule asks: it is read once. */
export function timeline(recording: StreamRecording): TimedPart[] {
  let parts = timelines.get(recording);
  if (!parts) timelines.set(recording, (parts = readTimeline(recording)));
  return parts;
}

function readTimeline({ segments, isDerived }: StreamRecording): TimedPart[] {
  // Who saw the stream begin knows where its timeline does; who came late takes it from the media.
  let at = segments[0]?.msn === 1 && !isDerived ? 0 : undefined;
  return segments.flatMap((segment) => {
    const tracks = readInitTracks(segment.init);
    const hasVideo = [...tracks.values()].some(({ kind }) => kind === 'video');
    return segment.parts.map((part, index) => {
      const runs = readTimes(part.bytes, tracks);
      const primary = runs.find(({ kind }) => kind === (hasVideo ? 'video' : 'audio'));
      const start: number = at ?? primary?.start ?? 0;
      at = start + part.duration;
      const name = `part ${index} of ${segment.parts.length} of segment ${segment.msn} [${start.toFixed(4)}, ${at.toFixed(4)}]`;
      return {
        ...part,
        start,
        end: at,
        name,
        runs,
        primary,
        segment,
        isFirst: index === 0,
        isLast: index === segment.parts.length - 1,
      };
    });
  });
}

/** Pictures of it are shown at other times than they are decoded. */
export const isReordered = ({ primary }: TimedPart): boolean =>
  primary?.samples.some(({ start, shown }) => Math.abs(shown - start) > EXACT) ?? false;

/** Parts of each run of media: up to a discontinuity. */
function runsOf(recording: StreamRecording): TimedPart[][] {
  const runs: TimedPart[][] = [];
  let segment: RecordedSegment | undefined;
  for (const part of timeline(recording)) {
    const begins = part.segment !== segment && part.segment.discontinuity;
    if (begins || runs.length === 0) runs.push([]);
    runs.at(-1)!.push(part);
    segment = part.segment;
  }
  return runs;
}

const brief = (run: TimedRun | undefined): string =>
  run
    ? `${run.kind} ${run.start.toFixed(4)} to ${run.end.toFixed(4)}, ${run.samples.length} samples`
    : 'no track';

/** Every rule on what the media says, beside what the playlist says of it. */
export const mediaRules: MediaRule[] = [
  {
    ...{ section: '§3.2', rule: 'a segment is its parts one after the other' },
    check: ({ segments }) =>
      segments.flatMap(({ msn, parts, bytes }) =>
        Buffer.concat(parts.map((part) => part.bytes)).equals(bytes) ? [] : [`segment ${msn}`],
      ),
  },
  {
    ...{
      section: '§4.4.4.9',
      rule: 'INDEPENDENT=YES stands where a part begins with a key frame, and only there',
    },
    check: (recording) =>
      timeline(recording)
        .filter(({ independent, primary }) => independent !== (primary?.samples[0]?.isKey ?? false))
        .map(({ name, independent }) => `${name}: ${independent ? 'no key frame' : 'a key frame'}`),
  },
  {
    ...{ section: '§4.4.4.9', rule: 'the samples of a part begin within its DURATION' },
    isOfKnownLengths: true,
    check: (recording) =>
      timeline(recording)
        .filter(
          ({ primary, start, end }) =>
            !primary ||
            primary.samples.some((each) => each.start < start - EXACT || each.start > end + EXACT),
        )
        .map(({ name, primary }) => `${name}: ${brief(primary)}`),
  },
  {
    ...{ section: '§3.2', rule: 'a track goes on in a part where it ended in the last one' },
    isOfKnownLengths: true,
    check(recording) {
      const ends = new Map<number, number>();
      return timeline(recording).flatMap(({ name, runs, segment }, index, all) => {
        const isBreak = segment.discontinuity && segment !== all[index - 1]?.segment;
        if (isBreak) ends.clear();
        return runs.flatMap((run) => {
          const end = ends.get(run.track);
          if (run.samples.length > 0) ends.set(run.track, run.end);
          // Where a track has nothing for a time, it goes on where the part does.
          const isOff = end !== undefined && run.samples.length > 0 && Math.abs(run.start - end) > EXACT;
          return isOff ? [`${name}: ${brief(run)}, after ${end.toFixed(4)}`] : [];
        });
      });
    },
  },
  {
    ...{ section: '§3.2', rule: 'pictures are shown one after the other, no two of them at one time' },
    check: (recording) =>
      runsOf(recording).flatMap((parts) => {
        const shown = parts
          .flatMap(({ primary }) => primary?.samples ?? [])
          .map((sample) => sample.shown)
          .sort((a, b) => a - b);
        return shown.flatMap((time, index) =>
          index > 0 && time - shown[index - 1]! < DISTINCT ? [`two at ${time.toFixed(4)}`] : [],
        );
      }),
  },
  {
    ...{
      section: '§3',
      rule: 'a segment is shown from its start on, or as much later as pictures of its run are reordered',
    },
    isOfKnownLengths: true,
    check: (recording) =>
      runsOf(recording).flatMap((parts) => {
        const first = parts.filter(({ independent, primary, isFirst }) => independent && primary && isFirst);
        const delayOf = ({ primary, start }: TimedPart): number => primary!.samples[0]!.shown - start;
        // Where pictures come as they like, what is left of a part before a key frame is its own no more if it is too little.
        const lengths = parts.flatMap(({ primary }) => primary?.samples ?? []).map((each) => each.duration);
        const isSteady = Math.max(...lengths) - Math.min(...lengths) < EXACT;
        const slack = isSteady
          ? EXACT
          : LEAST_REST * Math.max(...parts.map(({ duration }) => duration)) + EXACT;
        const delay = parts.some(isReordered) && first[0] ? delayOf(first[0]) : 0;
        return first
          .filter((part) => delayOf(part) < delay - EXACT || delayOf(part) > delay + slack)
          .map((part) => `${part.name}: ${delayOf(part).toFixed(4)} s later and not ${delay.toFixed(4)}`);
      }),
  },
  {
    ...{ section: '§3.2', rule: 'tracks of a part keep together: at most a frame of sound apart at its end' },
    check: (recording) =>
      timeline(recording).flatMap(({ name, runs, end, isLast, segment }, index, all) => {
        // A source's tracks end when they like.
        const next = all[index + 1]?.segment;
        if (!next || (next !== segment && next.discontinuity)) return [];
        const early = runs.find(
          (run) => run.samples.length > 0 && run.end < end - (isLast ? EXACT : AUDIO_FRAME),
        );
        return early && runs.every(({ samples }) => samples.length > 0) ? [`${name}: ${brief(early)}`] : [];
      }),
  },
  {
    ...{
      section: '§4.4.4.1',
      rule: 'every track is named in every part, so that no player changes its clock',
    },
    check: (recording) =>
      timeline(recording)
        .filter(({ runs, segment }) => runs.length !== readInitTracks(segment.init).size)
        .map(({ name }) => name),
  },
];

/** Every rule that a recorded stream breaks, in words. */
export function recordingViolations(recording: StreamRecording, rules = mediaRules): string[] {
  return [
    ...playlistViolations(recording),
    ...rules.flatMap((each) => each.check(recording).map((detail) => `${ruleName(each)}: ${detail}`)),
  ];
}

/** Every rule that one of a stream's playlists breaks, in words. */
export function playlistViolations({ playlists }: StreamRecording, rules = playlistRules): string[] {
  const read = playlists.map(readPlaylist);
  return read.flatMap((playlist, index) =>
    rules.flatMap((each) =>
      each.check(playlist, read[index - 1]).map((detail) => `version ${index}: ${ruleName(each)}: ${detail}`),
    ),
  );
}
