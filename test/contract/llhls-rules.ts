import { expect } from 'vitest';
import type { Playlist, PlaylistPart, PlaylistSegment } from '../helpers/hls-client.js';

/** Playlists round to a hundredth of a millisecond. */
const ROUNDING = 1e-4;

/** Checks a live or ended playlist against the rules of RFC 8216bis and the HLS authoring specification. */
export function expectLowLatencyRules(playlist: Playlist): void {
  const { targetDuration, partTarget, control, segments, lines } = playlist;
  expect(playlist.version).toBeGreaterThanOrEqual(9);
  expect(Number.isInteger(targetDuration)).toBe(true);
  expect(control['CAN-BLOCK-RELOAD']).toBe('YES');
  expect(Number(control['PART-HOLD-BACK'])).toBeGreaterThanOrEqual(3 * partTarget - ROUNDING);
  expect(Number(control['HOLD-BACK'])).toBeGreaterThanOrEqual(3 * targetDuration);
  expect(Number(control['CAN-SKIP-UNTIL'])).toBeGreaterThanOrEqual(6 * targetDuration);
  expect(lines).toContain('#EXT-X-INDEPENDENT-SEGMENTS');

  // Once each, and before the first segment, or what stands for it.
  const firstEntry = lines.findIndex((line) =>
    /^#EXT(INF|-X-(PART|MAP|SKIP|DISCONTINUITY|PROGRAM-DATE-TIME))(:|$)/.test(line),
  );
  for (const tag of ['#EXT-X-MEDIA-SEQUENCE:', '#EXT-X-DISCONTINUITY-SEQUENCE:']) {
    const places = lines.flatMap((line, index) => (line.startsWith(tag) ? [index] : []));
    expect(places, tag).toHaveLength(1);
    expect(places[0], tag).toBeLessThan(firstEntry);
  }

  for (const segment of segments) expectSegmentRules(segment, playlist);
  expect(segments.some(({ programDateTime }) => programDateTime !== undefined)).toBe(true);
  if (playlist.skipped === 0) expect(segments[0]!.map).toBeDefined();
  if (playlist.ended) {
    expect(playlist.hint).toBeUndefined();
    expect(segments.every(({ uri }) => uri !== undefined)).toBe(true);
  } else {
    expect(playlist.hint).toBeDefined();
    expect(lines.at(-1)).toContain('#EXT-X-PRELOAD-HINT:TYPE=PART,');
    expectRecentParts(playlist);
  }
}

function expectSegmentRules(segment: PlaylistSegment, { targetDuration, partTarget }: Playlist): void {
  const { msn, parts, duration } = segment;
  if (duration !== undefined) {
    expect(duration, `duration of segment ${msn}`).toBeLessThanOrEqual(targetDuration + 0.5);
    if (parts.length > 0) {
      const sum = parts.reduce((total, part) => total + part.duration, 0);
      expect(Math.abs(sum - duration), `parts of segment ${msn}`).toBeLessThan(0.002);
    }
  }
  if (parts.length > 0) expect(parts[0]!.independent, `segment ${msn} starts with a key frame`).toBe(true);
  for (const [index, part] of parts.entries()) {
    const name = `part ${index} of segment ${msn}`;
    expect(part.duration, name).toBeGreaterThan(0);
    expect(part.duration, name).toBeLessThanOrEqual(partTarget + ROUNDING);
    const last = index === parts.length - 1;
    if (last) continue;
    // The last part of a segment may be short, and the newest may turn out to be the last.
    expect(part.duration, name).toBeGreaterThanOrEqual(0.85 * partTarget - ROUNDING);
  }
}

/** Parts within three target durations of the end are listed (§4.4.4.9). */
function expectRecentParts({ segments, targetDuration }: Playlist): void {
  let fromEnd = 0;
  for (const segment of [...segments].reverse()) {
    if (fromEnd < 3 * targetDuration)
      expect(segment.parts.length, `segment ${segment.msn}`).toBeGreaterThan(0);
    fromEnd += segment.duration ?? segment.parts.reduce((sum, part) => sum + part.duration, 0);
  }
}

/** Checks that a newer playlist changes nothing that an older one of the same stream has said. */
export function expectOnlyAdditions(older: Playlist, newer: Playlist): void {
  expect(newer.targetDuration).toBe(older.targetDuration);
  expect(newer.partTarget).toBe(older.partTarget);
  expect(newer.control).toEqual(older.control);
  expect(newer.mediaSequence).toBeGreaterThanOrEqual(older.mediaSequence);
  expect(newer.discontinuitySequence).toBeGreaterThanOrEqual(older.discontinuitySequence);
  const bySequence = new Map(newer.segments.map((segment) => [segment.msn, segment]));
  for (const segment of older.segments) {
    const same = bySequence.get(segment.msn);
    if (!same) {
      expect(segment.msn).toBeLessThan(newer.mediaSequence);
      continue;
    }
    expect(same.programDateTime).toBe(segment.programDateTime);
    expect(same.discontinuity).toBe(segment.discontinuity);
    expect(same.map).toBe(segment.map);
    if (segment.uri !== undefined)
      expect(same).toMatchObject({ uri: segment.uri, duration: segment.duration });
    // Parts leave the playlist all together once their segment is old.
    if (same.parts.length > 0) expect(same.parts.slice(0, segment.parts.length)).toEqual(segment.parts);
  }
}

/** The parts of a playlist in order. */
export function allParts({ segments }: Playlist): PlaylistPart[] {
  return segments.flatMap(({ parts }) => parts);
}
