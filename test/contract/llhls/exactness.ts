import { beforeAll, describe, expect, it } from 'vitest';
import { readAttributes } from '../../helpers/hls-client.js';
import type { StartHost } from '../implementation.js';
import { playlistRules, ruleName } from '../llhls-rules.js';
import { useServer } from '../server.js';
import { mediaRules, playlistViolations } from './media-rules.js';
import {
  follow,
  followDiscontinuity,
  followFrames,
  followRecording,
  frameSources,
  isGuessed,
  recordings,
  sources,
  type Followed,
} from './sources.js';

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
    const server = useServer(startHost, { packaging: { partDuration }, limits: { maxBitrate: 1e9 } });
    let streams: Followed[] = [];

    beforeAll(async () => {
      const jobs = [
        () => followDiscontinuity(server()),
        ...Object.entries(sources).map(
          ([name, recipe]) =>
            () =>
              follow(server(), name, recipe),
        ),
        ...Object.keys(frameSources).map((name) => () => followFrames(server(), name)),
        ...recordings.map((name) => () => followRecording(server(), name)),
      ];
      streams = (await inTurn(jobs, (job) => job() as Promise<Followed | Followed[]>)).flat();
    }, 120_000);

    const breaches = (check: (stream: Followed) => string[]): string[] =>
      streams.flatMap((stream) => check(stream).map((detail) => `${stream.name}: ${detail}`)).slice(0, 12);

    it('sees every kind of stream, part by part', () => {
      const kinds = [...Object.keys(sources), ...Object.keys(frameSources), ...recordings];
      expect(streams).toHaveLength(kinds.length + 2);
      for (const { name, recorder, recording } of streams) {
        expect(recorder.playlists.length, name).toBeGreaterThan(1);
        expect(recorder.playlists.at(-1)!.ended, name).toBe(true);
        if (name !== 'a late joiner') expect(recording.segments.length, name).toBeGreaterThan(1);
      }
    });

    it.each(playlistRules.map((rule) => [ruleName(rule), rule] as const))('%s', (_, rule) => {
      expect(breaches(({ recording }) => playlistViolations(recording, [rule]))).toEqual([]);
    });

    it.each(mediaRules.map((rule) => [ruleName(rule), rule] as const))('%s', (_, rule) => {
      const applies = (name: string): boolean => !rule.isOfKnownLengths || !isGuessed(name);
      expect(breaches(({ name, recording }) => (applies(name) ? rule.check(recording) : []))).toEqual([]);
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
