import type { Segment, Window } from './window.js';

/** How playlists name a rendition's media; the routes read these names back. */
export interface MediaNames {
  init(id: number): string;
  segment(msn: number): string;
  part(number: number): string;
}

/** How far another rendition of the same stream is (EXT-X-RENDITION-REPORT, RFC 8216bis §4.4.5.4). */
export interface RenditionReport {
  /** Of its media playlist, relative to the one that reports it. */
  uri: string;
  /** The newest Media Sequence Number in it, of a segment that may still be growing. */
  lastMsn: number;
  /** The newest part of that segment, from 0. */
  lastPart: number;
}

export interface MediaPlaylistOptions {
  /** Leave out the segments that a client with an earlier playlist knows (`_HLS_skip=YES`, §6.2.5.1). Default false. */
  skip?: boolean;
  /** Every other rendition of the stream, so that a player that changes to it knows where it is. Default none. */
  reports?: readonly RenditionReport[];
}

/** Parts are listed for the segments within so many target durations of the end (RFC 8216bis §4.4.4.9). */
const PART_TARGET_DURATIONS = 3;

/** CAN-SKIP-UNTIL must be at least six target durations (§4.4.3.8). */
const SKIP_TARGET_DURATIONS = 6;

/** EXT-X-SKIP needs version 9 (§8). */
const VERSION = 9;

/** A Media Playlist (RFC 8216bis §4) of what a window offers. */
export function writeMediaPlaylist(
  window: Window,
  names: MediaNames,
  { skip = false, reports = [] }: MediaPlaylistOptions = {},
): string {
  const { targetDuration } = window.options;
  const segments = window.listed;
  const skipped =
    skip && !window.ended ? countSkippable(segments, targetDuration * SKIP_TARGET_DURATIONS) : 0;
  const partsFrom = firstWithParts(segments, targetDuration * PART_TARGET_DURATIONS);
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${targetDuration}`,
    serverControl(window),
    `#EXT-X-PART-INF:PART-TARGET=${seconds(window.partTarget)}`,
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.msn ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${window.discontinuitySequence}`,
  ];
  if (isIndependent(window)) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  for (let index = skipped; index < segments.length; index++) {
    const segment = segments[index]!;
    pushSegment(lines, segment, segments[index - 1], names, index >= partsFrom && !window.ended);
  }
  for (const { uri, lastMsn, lastPart } of reports) {
    lines.push(`#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${lastMsn},LAST-PART=${lastPart}`);
  }
  if (window.ended) lines.push('#EXT-X-ENDLIST');
  else lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${names.part(window.nextPart)}"`);
  return lines.join('\n') + '\n';
}

/**
 * What the playlists of a stream's other renditions say of this one.
 * @returns undefined while there is nothing to report
 */
export function reportOf(window: Window, uri: string): RenditionReport | undefined {
  const { last } = window;
  if (!last || last.parts.length === 0) return undefined;
  return { uri, lastMsn: last.msn, lastPart: last.parts.length - 1 };
}

/** EXT-X-INDEPENDENT-SEGMENTS holds as long as no segment had to be cut between key frames. */
export function isIndependent(window: Window): boolean {
  return window.listed.every((segment) => segment.independent);
}

/** EXT-X-SERVER-CONTROL (§4.4.3.8). PART-HOLD-BACK must be at least three part targets. */
function serverControl({ options, partTarget }: Window): string {
  return [
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES',
    `CAN-SKIP-UNTIL=${options.targetDuration * SKIP_TARGET_DURATIONS}`,
    `HOLD-BACK=${options.targetDuration * 3}`,
    `PART-HOLD-BACK=${seconds(partTarget * 3)}`,
  ].join(',');
}

function pushSegment(
  lines: string[],
  segment: Segment,
  previous: Segment | undefined,
  names: MediaNames,
  withParts: boolean,
): void {
  if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
  if (!previous || previous.init !== segment.init || segment.discontinuity) {
    lines.push(`#EXT-X-MAP:URI="${names.init(segment.init)}"`);
  }
  // On every segment: without it AVPlayer leaves low latency.
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.programDateTime).toISOString()}`);
  if (withParts) {
    for (const part of segment.parts) {
      const independent = part.independent ? ',INDEPENDENT=YES' : '';
      lines.push(
        `#EXT-X-PART:DURATION=${seconds(part.duration)},URI="${names.part(part.number)}"${independent}`,
      );
    }
  }
  if (segment.complete) lines.push(`#EXTINF:${seconds(segment.duration)},`, names.segment(segment.msn));
}

/** Segments further from the end than the skip boundary, counted from the oldest. */
function countSkippable(segments: readonly Segment[], boundary: number): number {
  let fromEnd = 0;
  for (let index = segments.length - 1; index >= 0; index--) {
    if (fromEnd >= boundary) return index + 1;
    fromEnd += segments[index]!.duration;
  }
  return 0;
}

function firstWithParts(segments: readonly Segment[], distance: number): number {
  let fromEnd = 0;
  for (let index = segments.length - 1; index >= 0; index--) {
    if (fromEnd > distance) return index + 1;
    fromEnd += segments[index]!.duration;
  }
  return 0;
}

function seconds(value: number): string {
  return String(Math.round(value * 1e5) / 1e5);
}
