import { beforeAll, describe, expect, it } from 'vitest';
import { readAttributes } from '../../helpers/hls-client.js';
import type { StartHost } from '../implementation.js';
import { playlistRules, ruleName } from '../llhls-rules.js';
import { useServer } from '../server.js';
import { deltaRules, deltaViolations, isOfOneTime } from './delta-rules.js';
import { isReordered, mediaRules, playlistViolations, timeline } from './media-rules.js';
import { followRenditions, lagOf, type FollowedRenditions } from './renditions.js';
import type { StreamRecorder } from './stream-recorder.js';
import {
  follow,
  followDiscontinuity,
  followFrames,
  followRecording,
  followSliding,
  frameSources,
  isGuessed,
  joinedLate,
  partTargets,
  recordings,
  SLIDING,
  sources,
  type Followed,
} from './sources.js';

/** More than six target durations, so that there is something to leave out of a delta. */
const WINDOW_SEGMENTS = 14;

/** One of two that are made of one stream: as it came, or its twin with AAC. */
const renditionNamed = (name: string): string => `of two renditions the ${name}`;

/** Streams at once: each has an ffmpeg of its own. */
const AT_ONCE = 4;

async function inTurn<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** Every rule of low-latency HLS, over everything that a viewer of each kind of stream is sent. */
export function exactness(startHost: StartHost, partDuration: number): void {
  describe(`low-latency HLS is exact with parts of ${partDuration * 1000} ms`, () => {
    const server = useServer(startHost, {
      packaging: { partDuration, windowSegments: WINDOW_SEGMENTS },
      limits: { maxBitrate: 1e9 },
    });
    let streams: Followed[] = [];
    let renditions: FollowedRenditions;

    beforeAll(async () => {
      const jobs: (() => Promise<Followed[]>)[] = [
        async () => {
          renditions = await followRenditions(server());
          return Promise.all(
            Object.entries(renditions).map(async ([name, recorder]: [string, StreamRecorder]) => ({
              ...{
                name: renditionNamed(name),
                recorder,
                recording: { ...(await recorder.ended), isDerived: name === 'twin' },
              },
            })),
          );
        },
        () => followSliding(server()),
        () => followDiscontinuity(server()),
        ...Object.entries(sources).map(
          ([name, recipe]) =>
            () =>
              follow(server(), name, recipe),
        ),
        ...Object.keys(frameSources).map((name) => () => followFrames(server(), name)),
        ...recordings.map((name) => () => followRecording(server(), name)),
      ];
      streams = (await inTurn(jobs, (job) => job())).flat();
    }, 120_000);

    const breaches = (check: (stream: Followed) => string[]): string[] =>
      streams.flatMap((stream) => check(stream).map((detail) => `${stream.name}: ${detail}`)).slice(0, 12);

    it('sees every kind of stream, part by part', () => {
      const kinds = [...Object.keys(sources), ...Object.keys(frameSources), ...recordings, SLIDING];
      const names = [...kinds, ...kinds.map(joinedLate), 'a discontinuity', 'a late joiner'];
      names.push(...Object.keys(renditions).map(renditionNamed));
      expect(streams.map(({ name }) => name).sort()).toEqual(names.sort());
      for (const { name, recorder, recording } of streams) {
        expect(recorder.playlists.length, name).toBeGreaterThan(kinds.includes(name) ? 1 : 0);
        expect(recorder.playlists.at(-1)!.ended, name).toBe(true);
        if (kinds.includes(name)) expect(recording.segments.length, name).toBeGreaterThan(1);
      }
      // On a busy machine one may come so late that no whole segment is left to it.
      const without = streams.filter(({ recording }) => recording.segments.length === 0);
      expect(without.length).toBeLessThan(kinds.length / 4);
    });

    it.each(playlistRules.map((rule) => [ruleName(rule), rule] as const))('%s', (_, rule) => {
      expect(breaches(({ recording }) => playlistViolations(recording, [rule]))).toEqual([]);
    });

    it.each(mediaRules.map((rule) => [ruleName(rule), rule] as const))('%s', (_, rule) => {
      const applies = (name: string): boolean => !rule.isOfKnownLengths || !isGuessed(name);
      expect(breaches(({ name, recording }) => (applies(name) ? rule.check(recording) : []))).toEqual([]);
    });

    it.each(deltaRules.map((rule) => [ruleName(rule), rule] as const))('%s', (_, rule) => {
      expect(breaches(({ recorder }) => deltaViolations(recorder.deltas, rule))).toEqual([]);
      const { deltas } = streams.find(({ name }) => name === SLIDING)!.recorder;
      expect(deltas.some((each) => each.delta.skipped > 0 && isOfOneTime(each))).toBe(true);
    });

    it('§4.4.3.7 PART-TARGET is the whole number of frames nearest to the wanted length', () => {
      for (const { name, recorder } of streams) {
        const wanted = partTargets[name];
        if (!wanted) continue;
        const { partTarget } = recorder.playlists[0]!;
        const more = Math.round((partTarget - wanted[partDuration === 0.2 ? 0 : 1]) * 1e5) / 1e5;
        // A container's times may be rounded, for which there is a millisecond.
        expect(name.endsWith('of an encoder') ? [0] : [0, 0.001], name).toContain(more);
      }
    });

    it('§4.4.4.9 a part that is not listed any more can be had as long again', () => {
      const all = streams.flatMap(({ recorder }) => recorder.unlistedParts);
      expect(all.length).toBeGreaterThan(10);
      expect(all.filter(({ status, isSame }) => status !== 200 || !isSame)).toEqual([]);
    });

    it('§6.2.2 what left a playlist can be had for its duration and that of the longest it was in', () => {
      const { unlistedSegments } = streams.find(({ name }) => name === SLIDING)!.recorder;
      expect(unlistedSegments.length).toBeGreaterThanOrEqual(8);
      expect(unlistedSegments.filter(({ status, isSame }) => status !== 200 || !isSame)).toEqual([]);
    });

    it('§6.2.1 playlists come compressed to those who take it', () => {
      const all = streams.flatMap(({ recorder }) => recorder.playlistHeaders);
      expect(all.filter(({ encoding }) => encoding !== 'gzip')).toEqual([]);
    });

    it('§B.1 a playlist that was waited for may be kept for a while, and media for ever', () => {
      const wrong = streams.flatMap(({ recorder: { playlistHeaders, mediaHeaders } }) => [
        ...playlistHeaders.filter(({ cacheControl }) => !/^public, max-age=[1-9]\d*$/.test(cacheControl!)),
        ...mediaHeaders.filter(({ cacheControl }) => cacheControl !== 'public, max-age=31536000, immutable'),
      ]);
      expect(wrong).toEqual([]);
    });

    it('§3 pictures that refer to later ones are shown in another order than they come in', () => {
      const reordered = streams.filter(({ recording }) => timeline(recording).some(isReordered));
      const names = reordered.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['B-frames', 'B-frames of MPEG-TS']));
      expect(names.filter((name) => !name.startsWith('B-frames'))).toEqual([]);
    });

    it('§4.4.5.4 renditions report each other, and are within one part of each other', () => {
      const { source, twin } = renditions;
      for (const [from, about] of [
        [source, twin],
        [twin, source],
      ] as const) {
        const counts = from.playlists.filter(({ ended }) => !ended).map(({ reports }) => reports.length);
        // From the first part of the other one on.
        expect(new Set(counts.slice(counts.indexOf(1)))).toEqual(new Set([1]));
        // As a rule: one that is made of another waits for a transcoder, and behind a discontinuity for the next one. Of parts as short as
        // the way through it there may be two.
        const lags = lagOf(from, about).sort((a, b) => a - b);
        expect(lags.length).toBeGreaterThan(5);
        expect(lags[lags.length >> 1]).toBeLessThanOrEqual(
          Math.max(source.playlists[0]!.partTarget, 0.2) + 0.002,
        );
      }
    });

    it('§6.2.4 renditions have discontinuities at the same places, and one TARGETDURATION', () => {
      const { source, twin } = renditions;
      expect(new Set([...source.playlists, ...twin.playlists].map((each) => each.targetDuration)).size).toBe(
        1,
      );
      expect(twin.runStarts.filter(({ sequence }) => sequence > 0)).toHaveLength(1);
      for (const { sequence, date } of twin.runStarts) {
        const same = source.runStarts.find((run) => run.sequence === sequence);
        if (sequence > 0) expect(Math.abs(same!.date - date)).toBeLessThanOrEqual(1.001);
      }
    });

    it('§4.4.5.3 a hinted part is held until it is whole, and is then what the playlist lists', () => {
      const wrong = breaches(({ recorder, recording }) => {
        const parts = new Map(
          recording.segments.flatMap((each) => each.parts).map((part) => [part.uri, part.bytes]),
        );
        return recorder.hinted
          .filter(
            ({ uri, status, bytes }) => status === 200 && parts.has(uri) && !bytes.equals(parts.get(uri)!),
          )
          .map(({ uri }) => uri);
      });
      expect(wrong).toEqual([]);
      // Of those that never came there is one at most: the one after the last.
      for (const { name, recorder } of streams) {
        expect(recorder.hinted.filter(({ status }) => status !== 200).length, name).toBeLessThanOrEqual(1);
      }
    });

    it('§4.4.6.2 every variant has BANDWIDTH, AVERAGE-BANDWIDTH, CODECS, and with a picture RESOLUTION and FRAME-RATE', () => {
      for (const { name, recorder } of streams) {
        const [text] = recorder.multivariants;
        // The twin is listed where it was asked for.
        if (recorder === renditions.twin) continue;
        const lines = text!.split('\n').filter((line) => line.startsWith('#EXT-X-STREAM-INF:'));
        // Of a stream that has ended, what was made of it: AAC beside Opus only if somebody had asked for it.
        expect(lines, name).toHaveLength(1);
        const attributes = readAttributes(lines[0]!.slice('#EXT-X-STREAM-INF:'.length));
        expect(Number(attributes['BANDWIDTH']), name).toBeGreaterThanOrEqual(
          Number(attributes['AVERAGE-BANDWIDTH']),
        );
        expect(Number(attributes['AVERAGE-BANDWIDTH']), name).toBeGreaterThan(0);
        expect(attributes['CODECS'], name).toMatch(
          /^(avc1\.[0-9A-Fa-f]{6}|mp4a\.40\.2|opus)(,(mp4a\.40\.2|opus))?$/,
        );
        const hasPicture = attributes['CODECS']!.startsWith('avc1');
        expect(attributes['RESOLUTION'], name).toEqual(
          hasPicture ? expect.stringMatching(/^\d+x\d+$/) : undefined,
        );
        const rate = /^([\d.]+) frames/.exec(name)?.[1];
        if (rate) expect(Number(attributes['FRAME-RATE']), name).toBeCloseTo(Number(rate), 1);
        else if (hasPicture) expect(Number(attributes['FRAME-RATE']), name).toBeGreaterThan(0);
      }
    });
  });
}
