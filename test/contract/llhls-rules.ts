import { expect } from 'vitest';
import {
  readPlaylist,
  type Playlist,
  type PlaylistPart,
  type PlaylistSegment,
} from '../helpers/hls-client.js';

/** Playlists round to a hundredth of a millisecond. */
const ROUNDING = 2e-5;

/** Of EXT-X-PROGRAM-DATE-TIME, which is written in whole milliseconds. */
const MILLISECOND = 1.001;

/** A rule that a media playlist keeps. */
export interface PlaylistRule {
  /** Of draft-pantos-hls-rfc8216bis-22, or `HLS` for Apple's HLS authoring specification. */
  section: string;
  rule: string;
  /**
   * What is wrong, nothing where all is well.
   * @param previous the same playlist at an earlier time
   */
  check(playlist: Playlist, previous?: Playlist): string[];
}

const lengthOf = ({ duration, parts }: PlaylistSegment): number =>
  duration ?? parts.reduce((sum, part) => sum + part.duration, 0);

/** Where each rule is kept it says nothing. */
const when = (isBroken: boolean, detail: () => string): string[] => (isBroken ? [detail()] : []);

const perSegment =
  (check: (segment: PlaylistSegment, playlist: Playlist, index: number) => string[]) =>
  (playlist: Playlist): string[] =>
    playlist.segments.flatMap((segment, index) => check(segment, playlist, index));

const perPart = (
  check: (part: PlaylistPart, index: number, segment: PlaylistSegment, playlist: Playlist) => boolean,
) =>
  perSegment((segment, playlist) =>
    segment.parts.flatMap((part, index) =>
      when(
        !check(part, index, segment, playlist),
        () => `part ${index} of ${segment.parts.length} of segment ${segment.msn}: ${part.duration} s`,
      ),
    ),
  );

/** Compares the segments that two playlists have in common. */
const perPair =
  (check: (older: PlaylistSegment, newer: PlaylistSegment, index: number) => boolean) =>
  (playlist: Playlist, previous?: Playlist): string[] => {
    const older = new Map(previous?.segments.map((segment) => [segment.msn, segment]));
    return playlist.segments.flatMap((segment, index) => {
      const before = older.get(segment.msn);
      return when(before !== undefined && !check(before, segment, index), () => `segment ${segment.msn}`);
    });
  };

const firstEntry = ({ lines }: Playlist): number =>
  lines.findIndex((line) => /^#EXT(INF|-X-(PART|MAP|SKIP|DISCONTINUITY|PROGRAM-DATE-TIME))(:|$)/.test(line));

function onceBeforeEntries(tag: string): PlaylistRule['check'] {
  return (playlist) => {
    const places = playlist.lines.flatMap((line, index) => (line.startsWith(`${tag}:`) ? [index] : []));
    return when(
      places.length !== 1 || places[0]! >= firstEntry(playlist),
      () => `${tag} in lines ${places.join(', ')}`,
    );
  };
}

/** What is before, in a playlist's text, the first part or the URI of a segment that begins with a tag. */
function entryOf(lines: readonly string[], at: number): string[] {
  const end = lines.findIndex((line, index) => index > at && /^#EXT-X-PART:|^[^#]/.test(line));
  return lines.slice(at, end === -1 ? undefined : end);
}

/** Every rule on what a media playlist of ours says; those on media and on HTTP need more than its text. */
export const playlistRules: PlaylistRule[] = [
  {
    ...{ section: '§4.4.1.2', rule: 'the version is at least 9, which EXT-X-SKIP needs (§8)' },
    check: ({ version }) => when(version < 9, () => `version ${version}`),
  },
  {
    ...{ section: '§4.4.3.1', rule: 'TARGETDURATION is a whole number and no EXTINF, rounded, is more' },
    check: ({ targetDuration, segments }) => [
      ...when(!Number.isInteger(targetDuration), () => `TARGETDURATION ${targetDuration}`),
      ...segments.flatMap(({ msn, duration = 0 }) =>
        when(
          Math.round(duration) > targetDuration,
          () => `segment ${msn} is ${duration} s of ${targetDuration}`,
        ),
      ),
    ],
  },
  {
    ...{ section: '§4.4.3.1', rule: 'TARGETDURATION never changes' },
    check: (playlist, previous = playlist) =>
      when(playlist.targetDuration !== previous.targetDuration, () => `now ${playlist.targetDuration}`),
  },
  {
    ...{ section: '§4.4.3.2', rule: 'MEDIA-SEQUENCE stands once, before the first segment and SKIP' },
    check: onceBeforeEntries('#EXT-X-MEDIA-SEQUENCE'),
  },
  {
    ...{ section: '§4.4.3.3', rule: 'DISCONTINUITY-SEQUENCE stands once, before the first segment and SKIP' },
    check: onceBeforeEntries('#EXT-X-DISCONTINUITY-SEQUENCE'),
  },
  {
    ...{
      section: '§6.2.2',
      rule: 'MEDIA-SEQUENCE grows with the segments that leave, DISCONTINUITY-SEQUENCE with discontinuities',
    },
    check: (playlist, previous = playlist) => {
      const left = previous.segments.filter(({ msn }) => msn < playlist.mediaSequence);
      const passed = left.filter(({ discontinuity }) => discontinuity).length;
      const unknown =
        playlist.mediaSequence > (previous.segments.at(-1)?.msn ?? 0) + 1 || previous.skipped > 0;
      const change = playlist.discontinuitySequence - previous.discontinuitySequence;
      return [
        ...when(
          playlist.mediaSequence < previous.mediaSequence,
          () => `MEDIA-SEQUENCE ${playlist.mediaSequence}`,
        ),
        ...when(unknown ? change < 0 : change !== passed, () => `${passed} left, sequence grew by ${change}`),
      ];
    },
  },
  {
    ...{
      section: '§6.2.2',
      rule: 'segments leave only where six, and three TARGETDURATION, stay (HLS authoring specification)',
    },
    check: (playlist, previous = playlist) => {
      const whole = playlist.segments.filter(({ duration }) => duration !== undefined);
      const length = whole.reduce((sum, { duration }) => sum + duration!, 0);
      const hasShrunk = playlist.skipped === 0 && playlist.mediaSequence > previous.mediaSequence;
      const isShort = whole.length < 6 || length < 3 * playlist.targetDuration - ROUNDING * whole.length;
      return when(hasShrunk && isShort, () => `${whole.length} segments, ${length.toFixed(3)} s`);
    },
  },
  {
    ...{ section: '§4.4.3.7', rule: 'PART-TARGET never changes' },
    check: (playlist, previous = playlist) =>
      when(
        playlist.partTarget !== previous.partTarget || !(playlist.partTarget > 0),
        () => `now ${playlist.partTarget}`,
      ),
  },
  {
    ...{ section: '§4.4.3.8', rule: 'SERVER-CONTROL never changes, and allows blocking reload' },
    check: (playlist, previous = playlist) =>
      when(
        JSON.stringify(playlist.control) !== JSON.stringify(previous.control) ||
          playlist.control['CAN-BLOCK-RELOAD'] !== 'YES',
        () => JSON.stringify(playlist.control),
      ),
  },
  {
    ...{ section: '§4.4.3.8', rule: 'PART-HOLD-BACK is at least three PART-TARGET' },
    check: ({ control, partTarget }) =>
      when(
        !(Number(control['PART-HOLD-BACK']) >= 3 * partTarget - ROUNDING),
        () => `${control['PART-HOLD-BACK']}`,
      ),
  },
  {
    ...{ section: '§4.4.3.8', rule: 'HOLD-BACK is at least three TARGETDURATION' },
    check: ({ control, targetDuration }) =>
      when(!(Number(control['HOLD-BACK']) >= 3 * targetDuration), () => `${control['HOLD-BACK']}`),
  },
  {
    ...{ section: '§4.4.3.8', rule: 'CAN-SKIP-UNTIL is at least six TARGETDURATION' },
    check: ({ control, targetDuration }) =>
      when(!(Number(control['CAN-SKIP-UNTIL']) >= 6 * targetDuration), () => `${control['CAN-SKIP-UNTIL']}`),
  },
  {
    ...{
      section: '§4.4.2.1',
      rule: 'INDEPENDENT-SEGMENTS is said only where each segment begins with a key frame',
    },
    check: (playlist) =>
      playlist.lines.includes('#EXT-X-INDEPENDENT-SEGMENTS')
        ? perPart((part, index) => index > 0 || part.independent)(playlist)
        : [],
  },
  {
    ...{ section: '§4.4.4.1', rule: 'EXTINF is the sum of its parts' },
    check: perSegment(({ msn, duration, parts }) => {
      const sum = parts.reduce((total, part) => total + part.duration, 0);
      const isOff = Math.abs(sum - (duration ?? sum)) > ROUNDING * (parts.length + 1);
      return when(parts.length > 0 && isOff, () => `segment ${msn}: ${duration}, parts ${sum}`);
    }),
  },
  {
    ...{ section: '§4.4.4.9', rule: 'a part is no longer than PART-TARGET' },
    check: perPart(
      ({ duration }, _index, _segment, { partTarget }) => duration > 0 && duration <= partTarget + ROUNDING,
    ),
  },
  {
    ...{
      section: '§4.4.4.9',
      rule: 'a part is at least 85 % of PART-TARGET unless independent, before a gap or last of its segment',
    },
    check: perPart(
      ({ duration, independent }, index, { parts }, { partTarget }) =>
        independent || index === parts.length - 1 || duration >= 0.85 * partTarget - ROUNDING,
    ),
  },
  {
    ...{ section: '§4.4.4.9', rule: 'parts within three TARGETDURATION of the end are listed' },
    check: ({ segments, targetDuration, ended }) => {
      let fromEnd = 0;
      return [...segments].reverse().flatMap((segment) => {
        const isMissing = !ended && fromEnd < 3 * targetDuration - ROUNDING && segment.parts.length === 0;
        fromEnd += lengthOf(segment);
        return when(isMissing, () => `segment ${segment.msn}`);
      });
    },
  },
  {
    ...{ section: '§4.4.4.9', rule: 'parts further than four TARGETDURATION from the end are not listed' },
    check: ({ segments, targetDuration }) => {
      let fromEnd = 0;
      return [...segments].reverse().flatMap((segment) => {
        const isThere = fromEnd > 4 * targetDuration && segment.parts.length > 0;
        fromEnd += lengthOf(segment);
        return when(isThere, () => `segment ${segment.msn}`);
      });
    },
  },
  {
    ...{
      section: '§4.4.4.3',
      rule: 'DISCONTINUITY is followed by MAP and PROGRAM-DATE-TIME before its first part',
    },
    check: ({ lines }) =>
      lines.flatMap((line, at) => {
        if (line !== '#EXT-X-DISCONTINUITY') return [];
        const entry = entryOf(lines, at);
        const isWhole = ['#EXT-X-MAP:', '#EXT-X-PROGRAM-DATE-TIME:'].every((tag) =>
          entry.some((each) => each.startsWith(tag)),
        );
        return when(!isWhole, () => entry.join(' '));
      }),
  },
  {
    ...{ section: '§4.4.4.3', rule: 'the init segment changes only at a DISCONTINUITY' },
    check: perSegment((segment, { segments, skipped }, index) => {
      const before = segments[index - 1];
      return when(
        before !== undefined && !segment.discontinuity && before.map !== segment.map && skipped === 0,
        () => `segment ${segment.msn}`,
      );
    }),
  },
  {
    ...{ section: '§4.4.4.5', rule: 'every segment has an init segment' },
    check: perSegment(({ msn, map }, { skipped }) => when(skipped === 0 && !map, () => `segment ${msn}`)),
  },
  {
    ...{ section: '§B.1', rule: 'PROGRAM-DATE-TIME is in every playlist' },
    check: ({ segments }) =>
      when(!segments.some((each) => each.programDateTime !== undefined), () => 'nowhere'),
  },
  {
    ...{
      section: '§4.4.4.6',
      rule: 'PROGRAM-DATE-TIME goes on by the durations, and never back at a discontinuity',
    },
    check: perSegment((segment, { segments }, index) => {
      const before = segments[index - 1];
      if (before?.programDateTime === undefined || segment.programDateTime === undefined) return [];
      const step = segment.programDateTime - before.programDateTime;
      const expected = lengthOf(before) * 1000;
      const isWrong = segment.discontinuity
        ? step < expected - MILLISECOND
        : Math.abs(step - expected) > MILLISECOND;
      return when(isWrong, () => `segment ${segment.msn}: ${step} ms after one of ${expected} ms`);
    }),
  },
  {
    ...{
      section: '§4.4.5.2',
      rule: 'SKIP leaves out only segments beyond CAN-SKIP-UNTIL, and more than none',
    },
    check: ({ lines, skipped, segments, control }) => {
      const left = segments.reduce((sum, segment) => sum + lengthOf(segment), 0);
      const isThere = lines.some((line) => line.startsWith('#EXT-X-SKIP:'));
      return when(
        isThere && (skipped < 1 || left < Number(control['CAN-SKIP-UNTIL']) - ROUNDING),
        () => `${left} s left`,
      );
    },
  },
  {
    ...{
      section: '§4.4.5.3',
      rule: 'a live playlist ends with the hint of the next part, an ended one has none',
    },
    check: ({ lines, hint, ended, segments }) => {
      const listed = new Set(segments.flatMap(({ parts }) => parts.map(({ uri }) => uri)));
      if (ended) return when(hint !== undefined, () => `hint ${hint}`);
      const hints = lines.filter((line) => line.startsWith('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="'));
      return when(hints.length !== 1 || listed.has(hint!), () => `hints: ${hints.join(' ')}`);
    },
  },
  {
    ...{ section: '§4.4.5.3', rule: 'the part that comes next is the one that was hinted at' },
    check: (playlist, previous) => {
      if (previous?.hint === undefined) return [];
      // The parts of what has come since may be listed no more.
      const last = previous.segments.at(-1);
      const follows = last && (last.uri === undefined ? last.msn : last.msn + 1);
      if (!playlist.segments.find(({ msn }) => msn === follows)?.parts.length) return [];
      const known = new Set(previous.segments.flatMap(({ parts }) => parts.map(({ uri }) => uri)));
      const next = playlist.segments
        .filter(({ msn }) => msn >= (previous.segments.at(-1)?.msn ?? 0))
        .flatMap(({ parts }) => parts)
        .find(({ uri }) => !known.has(uri));
      const isOther =
        next !== undefined &&
        next.uri !== previous.hint &&
        playlist.mediaSequence <= (previous.segments.at(-1)?.msn ?? 0);
      return when(isOther, () => `${next!.uri} and not ${previous.hint}`);
    },
  },
  {
    ...{ section: '§4.4.3.4', rule: 'after ENDLIST there is no part, and every segment is whole' },
    check: ({ ended, segments }) =>
      when(ended && segments.some(({ uri, parts }) => uri === undefined || parts.length > 0), () => 'a part'),
  },
  {
    ...{
      section: '§6.2.1',
      rule: 'nothing that was said changes: segments, their names, durations and dates',
    },
    check: perPair((older, newer, index) => {
      const same =
        older.programDateTime === newer.programDateTime && older.discontinuity === newer.discontinuity;
      // Where the newer one is a delta, its first segments have their map from an older playlist.
      const sameMap = older.map === newer.map || older.map === undefined || newer.map === undefined;
      const sameMedia =
        older.uri === undefined || (older.uri === newer.uri && older.duration === newer.duration);
      return index >= 0 && same && sameMap && sameMedia;
    }),
  },
  {
    ...{ section: '§6.2.1', rule: 'parts are only added, and leave all together' },
    check: perPair(
      (older, newer) =>
        newer.parts.length === 0 ||
        older.parts.length === 0 ||
        JSON.stringify(newer.parts.slice(0, older.parts.length)) === JSON.stringify(older.parts),
    ),
  },
  {
    ...{ section: '§6.2.1', rule: 'segments leave only at the beginning' },
    check: (playlist, previous) => {
      const present = new Set(playlist.segments.map(({ msn }) => msn));
      const first = playlist.mediaSequence + playlist.skipped;
      return (previous?.segments ?? [])
        .filter(({ msn }) => msn >= first && !present.has(msn))
        .map(({ msn }) => `segment ${msn}`);
    },
  },
];

/** The name of a rule's test. */
export const ruleName = ({ section, rule }: Pick<PlaylistRule, 'section' | 'rule'>): string =>
  `${section} ${rule}`;

/**
 * Every rule of low-latency HLS that a media playlist breaks, in words; none where all is well.
 * @param previous the same playlist at an earlier time
 */
export function violations(text: string, previous?: string): string[] {
  const playlist = readPlaylist(text);
  const before = previous === undefined ? undefined : readPlaylist(previous);
  return playlistRules.flatMap((each) =>
    each.check(playlist, before).map((detail) => `${ruleName(each)}: ${detail}`),
  );
}

/** Checks a live or ended playlist against the rules of RFC 8216bis and the HLS authoring specification. */
export function expectLowLatencyRules(playlist: Playlist): void {
  expect(violations(playlist.text)).toEqual([]);
  expect(playlist.lines).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
}

/** Checks that a newer playlist changes nothing that an older one of the same stream has said. */
export function expectOnlyAdditions(older: Playlist, newer: Playlist): void {
  expect(violations(newer.text, older.text)).toEqual([]);
}

/** The parts of a playlist in order. */
export function allParts({ segments }: Playlist): PlaylistPart[] {
  return segments.flatMap(({ parts }) => parts);
}
