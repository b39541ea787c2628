import type { PublishGrant } from './publish-grant.js';
import type { RenditionPosition } from './rendition.js';

/** Where in its publisher's file another process can go on. */
export interface SavedPlace {
  /** What the file begins with, base64: at most {@link MAX_SAVED_HEADER} bytes. */
  header: string;
  /** Number of the publisher's message, and the bytes of it before the place. */
  message: number;
  offset: number;
}

/** A file whose header is longer, bytes, is not gone on with: every state of every stream is written about once a second. */
export const MAX_SAVED_HEADER = 16 * 1024;

/** Milliseconds since the epoch: a date that is later is none. */
const MAX_TIME = 8.64e15;

/** What a stream must remember, so that another process can go on with it where this one died. */
export interface StreamState {
  streamId: string;
  /** Milliseconds since the epoch. */
  savedAt: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  userId?: string | undefined;
  title?: string | undefined;
  /** Viewers need a token. */
  isPrivate?: boolean | undefined;
  /** Web origins whose pages may play it. */
  playbackOrigins?: readonly string[] | undefined;
  /** On what its publisher publishes. */
  grant?: PublishGrant | undefined;
  /** SHA-256 of the publisher's resume token, base64url. The token itself is in nobody's keeping but the publisher's. */
  tokenHash: string;
  /**
   * Whether nothing was published after it was saved: the process stopped as it was told to. Of one that died all that came since
   * is unknown.
   */
  isFinal: boolean;
  /** How many binary messages were published; of use where it is final. */
  received: number;
  /** Of a container. */
  place?: SavedPlace | undefined;
  source: RenditionPosition;
}

/** Where streams' states are kept. Only the newest state of a stream counts. */
export interface StreamStateStore {
  /** What the process before left, in whatever condition. */
  readonly found: readonly unknown[];
  /** Never called for a stream before the call before has settled. What it rejects with is logged, and the stream goes on. */
  save(state: StreamState): Promise<void>;
  /** The stream is over. */
  delete(streamId: string): Promise<void>;
}

/**
 * A state is saved soon after a segment began, not before: so many more may have been seen by somebody, and a number
 * must not be given twice. It is saved more often than that.
 */
export const UNSAVED_SEGMENTS = 4;

/** Beyond the time that passed, seconds: a timeline must not go back. */
const TIMELINE_SLACK = 1;

/**
 * Where a stream goes on: behind everything that anybody may have seen of it.
 * @param now milliseconds since the epoch
 * @param segmentDuration of the shortest segments, seconds
 */
export function positionAfter(
  { source, savedAt, isFinal }: StreamState,
  now: number,
  segmentDuration: number,
): RenditionPosition {
  const unsaved = isFinal ? 0 : UNSAVED_SEGMENTS;
  const away = Math.max(0, now - savedAt) / 1000;
  // Where the store failed before the process did, it may have gone on for all that time.
  const unseen = isFinal ? 0 : Math.ceil(away / segmentDuration);
  return {
    ...source,
    mediaSequence: source.mediaSequence + unsaved + unseen,
    mediaTime: source.mediaTime + unsaved * source.targetDuration + away + TIMELINE_SLACK,
  };
}

/** @returns undefined where it is no state */
export function readStreamState(value: unknown): StreamState | undefined {
  if (!isObject(value) || !isObject(value['source'])) return undefined;
  const { source } = value;
  const isState =
    isText(value['streamId'], /^[\w-]{1,64}$/) &&
    isText(value['tokenHash'], /^[\w-]{43}$/) &&
    typeof value['isFinal'] === 'boolean' &&
    [undefined, true, false].includes(value['isPrivate'] as boolean | undefined) &&
    isOriginList(value['playbackOrigins']) &&
    isGrant(value['grant']) &&
    isPlace(value['place']) &&
    isNatural(value['received']) &&
    [value['savedAt'], value['startedAt'], source['programDate']].every(isTime) &&
    [value['userId'], value['title']].every((text) => text === undefined || typeof text === 'string') &&
    [source['epoch'], source['mediaEpoch']].every((epoch) => isText(epoch, /^[0-9a-z]{1,10}$/)) &&
    [source['mediaSequence'], source['discontinuitySequence']].every(isNatural) &&
    [source['targetDuration'], source['partTarget'], source['mediaTime']].every(
      (number) => typeof number === 'number' && Number.isFinite(number) && number >= 0,
    );
  return isState ? (value as unknown as StreamState) : undefined;
}

function isGrant(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isObject(value) || ![undefined, 'private'].includes(value['playback'] as 'private' | undefined))
    return false;
  if (!isOriginList(value['playbackOrigins'])) return false;
  const { key } = value;
  return key === undefined || (isObject(key) && isText(key['id'], /./) && isText(key['hash'], /./));
}

function isOriginList(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

function isPlace(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isObject(value) || ![value['message'], value['offset']].every(isNatural)) return false;
  const { header } = value;
  if (!isText(header, /^[A-Za-z0-9+/]+={0,2}$/)) return false;
  return header.length % 4 === 0 && header.length <= Math.ceil(MAX_SAVED_HEADER / 3) * 4;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** Milliseconds since the epoch that a playlist can be dated by for as long as anybody streams (ECMA-262 §21.4.1.1). */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < MAX_TIME / 2;
}

function isNatural(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
