import { describe, expect, it } from 'vitest';
import { writeMediaPlaylist } from '../../../server/hls/media-playlist.js';
import type { Sample, Track } from '../../../server/hls/sample.js';
import { Segmenter } from '../../../server/hls/segmenter.js';
import { Window } from '../../../server/hls/window.js';
import {
  mediaRules,
  recordingViolations,
  timeline,
  type StreamRecording,
} from '../../contract/llhls/media-rules.js';
import { audioTrack, videoTrack } from '../../helpers/samples.js';

const names = {
  init: (id: number) => `i${id}.mp4`,
  segment: (msn: number) => `s${msn}.m4s`,
  part: (number: number) => `p${number}.m4s`,
};

/** The same numbers for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Source {
  /** Lengths of the pictures one after the other, seconds. */
  frames(random: () => number, index: number): number;
  /** Every so many frames. */
  gop?: number;
  audio?: boolean;
  partDuration?: number;
  /** Each picture comes with its true length, as from a container; else with this guess, seconds. */
  guess?: number;
  seconds?: number;
}

const data = new Uint8Array(8);

function makeSource({ frames, gop = 30, audio = true, guess, seconds = 12 }: Source, seed: number): Sample[] {
  const random = randomNumbers(seed);
  const samples: { at: number; sample: Sample }[] = [];
  let ticks = 0;
  for (let index = 0; ticks < seconds * 90_000; index++) {
    const length = Math.max(1, Math.round(frames(random, index) * 90_000));
    const duration = guess === undefined ? length : Math.round(guess * 90_000);
    const key = index % gop === 0;
    samples.push({
      at: ticks / 90_000,
      sample: { track: 1, dts: ticks, compositionOffset: 0, duration, key, data },
    });
    ticks += length;
  }
  for (let dts = 0; audio && dts / 48_000 < ticks / 90_000; dts += 1024) {
    const sample = { track: 2, dts, compositionOffset: 0, duration: 1024, key: true, data };
    samples.push({ at: (dts + 1024) / 48_000, sample });
  }
  return samples.sort((a, b) => a.at - b.at).map(({ sample }) => sample);
}

/** Packages samples and records every version of the playlist. */
function record(source: Source, seed: number): StreamRecording & { window: Window } {
  const window = new Window({ targetDuration: 2, segments: 1000, bytes: Infinity });
  const { partDuration = 0.2 } = source;
  const segmenter = new Segmenter({ partDuration, segmentDuration: 1 }, window, () => 0);
  const tracks: Track[] = source.audio === false ? [videoTrack] : [videoTrack, audioTrack];
  segmenter.start(tracks);
  const playlists: string[] = [];
  let version = 0;
  for (const sample of makeSource(source, seed)) {
    segmenter.push(sample);
    if (window.version === version || !window.playable) continue;
    version = window.version;
    playlists.push(writeMediaPlaylist(window, names));
  }
  segmenter.end();
  playlists.push(writeMediaPlaylist(window, names));
  const segments = window.listed.map(({ msn, duration, discontinuity, init, parts, bytes }) => ({
    ...{ msn, duration, discontinuity, init: window.init(init)!, bytes: bytes! },
    parts: parts.map((part) => ({ ...part, uri: names.part(part.number) })),
  }));
  return { playlists, segments, window };
}

const SEEDS = [1, 2, 3, 4, 5];

const sources: Record<string, Source> = {
  'a steady 24': { frames: () => 1 / 24, gop: 24 },
  'a steady 25': { frames: () => 1 / 25, gop: 25 },
  'a steady 29.97': { frames: () => 1001 / 30_000 },
  'a steady 30': { frames: () => 1 / 30 },
  'a steady 60': { frames: () => 1 / 60, gop: 60 },
  'a steady 7.5': { frames: () => 1 / 7.5, gop: 8 },
  'whole milliseconds': { frames: (_, index) => (index % 3 === 2 ? 0.034 : 0.033) },
  jitter: { frames: (random) => 0.033 + (random() - 0.5) * 0.03 },
  'dropped frames': { frames: (random) => (random() < 0.3 ? 2 : 1) / 30 },
  'few frames, as they come': { frames: (random) => 0.2 + random() * 0.8, gop: 3 },
  'a screen share': { frames: (random) => (random() < 0.8 ? 1 / 30 : random() * 1.5) },
  'rare key frames': { frames: (random) => 0.02 + random() * 0.1, gop: 1000 },
  'frames longer than a part': { frames: () => 0.9, gop: 1 },
  'very fast frames': { frames: (random) => 0.002 + random() * 0.01, gop: 200 },
};

describe.each(Object.entries(sources))('a stream of %s', (_, source) => {
  const cases: [string, Source][] = [
    ['picture and sound', source],
    ['picture alone', { ...source, audio: false }],
    ['parts of 100 ms', { ...source, partDuration: 0.1 }],
  ];
  it.each(cases)('keeps every rule of low-latency HLS: %s', (_name, each) => {
    for (const seed of SEEDS) {
      const recording = record(each, seed);
      expect(recordingViolations(recording).slice(0, 12)).toEqual([]);
      expect(recording.playlists.length).toBeGreaterThan(2);
    }
  });

  it('has every sample at its own time', () => {
    const times = timeline(record(source, 7)).flatMap(({ primary }) =>
      primary!.samples.map(({ start }) => start),
    );
    const own = makeSource(source, 7).filter(({ track }) => track === 1);
    expect(times).toEqual(own.map(({ dts }) => dts / 90_000));
  });
});

/** Frames whose length nobody tells, as from an encoder: the next one shows it, too late for a part that ended with a guess. */
const guessed: Record<string, Source> = {
  jitter: { ...sources['jitter']!, guess: 1 / 30 },
  'dropped frames': { ...sources['dropped frames']!, guess: 1 / 30 },
  'a screen share': { ...sources['a screen share']!, guess: 1 / 30 },
  'a guess too long': { frames: () => 1 / 60, gop: 60, guess: 1 / 24 },
  'a guess far too long': { ...sources['a screen share']!, guess: 1 },
};

describe.each(Object.entries(guessed))('a stream of guessed lengths: %s', (_, source) => {
  it.each([true, false])(
    'keeps every rule on playlists, and cuts between key frames only where it must; with sound: %s',
    (audio) => {
      for (const seed of SEEDS) {
        const recording = record({ ...source, audio }, seed);
        const rules = mediaRules.filter(({ rule }) =>
          /^INDEPENDENT|one after the other|every track is named/.test(rule),
        );
        expect(recordingViolations(recording, rules).slice(0, 12)).toEqual([]);
        // Between key frames it is cut only where they are too rare for the target duration.
        const cut = recording.segments.filter((_each, index, all) => !all[index + 1]?.parts[0]!.independent);
        const isHonest = source.guess! < 0.5;
        for (const { duration } of isHonest ? cut.slice(0, -1) : [])
          expect(duration).toBeGreaterThan(2 + 0.4 - 0.2 - 0.001);
      }
    },
  );
});
