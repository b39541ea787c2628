import * as v from 'valibot';
import { LivestreamError } from '../errors.js';
import { defaultLimits } from '../options.js';
import { isStreamId, STREAM_ID_PATTERN, type ClientMessage } from '../protocol.js';

/** Longer ones are none of a codec that is served, characters. */
const MAX_DESCRIPTION = 65_536;

const streamId = v.pipe(
  v.string('streamId must be a string'),
  v.regex(STREAM_ID_PATTERN, (issue) => `streamId ${issue.received} must be 1 to 64 letters, digits, _ or -`),
);

/** Free text of users: bounded, since it is kept and logged. */
const text = (most: number): v.GenericSchema<string> => v.pipe(v.string(), v.maxLength(most));
const token = text(8192);
const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const description = v.optional(text(MAX_DESCRIPTION));

const videoTrack = v.object({
  id: v.pipe(natural, v.maxValue(255)),
  kind: v.literal('video'),
  codec: text(64),
  width: v.pipe(natural, v.minValue(1), v.maxValue(16_384)),
  height: v.pipe(natural, v.minValue(1), v.maxValue(16_384)),
  frameRate: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1000))),
  description,
});

const audioTrack = v.object({
  id: v.pipe(natural, v.maxValue(255)),
  kind: v.literal('audio'),
  codec: text(64),
  sampleRate: v.pipe(natural, v.minValue(1), v.maxValue(768_000)),
  channels: v.pipe(natural, v.minValue(1), v.maxValue(32)),
  description,
});

const track = v.variant('kind', [videoTrack, audioTrack]);

const format = v.variant('kind', [
  v.object({ kind: v.literal('container'), mimeType: v.optional(text(256)) }),
  v.object({
    kind: v.literal('frames'),
    tracks: v.pipe(v.array(track), v.minLength(1, 'must name at least one track'), v.maxLength(16)),
  }),
]);

/** Every text message that a client may send. */
export const clientMessage = v.variant('type', [
  v.object({
    type: v.literal('start-stream'),
    streamId,
    userId: v.optional(text(256)),
    token: v.optional(token),
    title: v.optional(text(1024)),
    format: v.optional(format),
    playback: v.optional(v.literal('private')),
    resume: v.optional(
      v.object({
        token: v.pipe(token, v.minLength(1)),
        from: v.optional(v.pipe(natural, v.maxValue(Number.MAX_SAFE_INTEGER))),
        kept: v.optional(v.pipe(natural, v.maxValue(Number.MAX_SAFE_INTEGER))),
      }),
    ),
  }),
  v.object({ type: v.literal('track-config'), streamId, track }),
  v.object({ type: v.literal('capture-clock'), streamId, timestamp: finite, time: finite }),
  v.object({ type: v.literal('clock'), sent: finite }),
  v.object({ type: v.literal('stop-stream'), streamId }),
  v.object({
    type: v.literal('join-stream'),
    streamId,
    token: v.optional(token),
    renews: v.optional(token),
  }),
  v.object({ type: v.literal('leave-stream'), streamId }),
]);

/**
 * Reads a text message. Fields that the protocol does not know are left out.
 * @throws LivestreamError BAD_MESSAGE or TOO_LARGE saying what is wrong with which field
 */
export function parseClientMessage(
  source: string,
  maxTextBytes: number = defaultLimits.maxTextBytes,
): ClientMessage {
  if (source.length > maxTextBytes) {
    throw new LivestreamError(
      'TOO_LARGE',
      `a text message of ${source.length} characters; the most is ${maxTextBytes}`,
      { limit: 'maxTextBytes' },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw new LivestreamError('BAD_MESSAGE', 'a text message is not valid JSON; send one JSON object', {
      cause,
    });
  }
  const result = v.safeParse(clientMessage, value);
  if (result.success) return result.output;
  const error = refusedFormat(value) ?? new LivestreamError('BAD_MESSAGE', describe(value, result.issues[0]));
  const { streamId } = (value ?? {}) as { streamId?: unknown };
  if (isStreamId(streamId)) error.streamId = streamId;
  throw error;
}

/** A format of another kind is well said, but not served: the code tells a client to fall back. */
function refusedFormat(value: unknown): LivestreamError | undefined {
  const message = value as { type?: unknown; format?: { kind?: unknown } | null } | null;
  const kind = message?.type === 'start-stream' ? message.format?.kind : undefined;
  if (typeof kind !== 'string' || kind === 'container' || kind === 'frames') return undefined;
  return new LivestreamError(
    'UNSUPPORTED_FORMAT',
    `format '${kind.slice(0, 64)}' is not served; send 'frames' or 'container'`,
  );
}

function describe(value: unknown, issue: v.BaseIssue<unknown>): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'a text message must be a JSON object with a type';
  }
  const path = v.getDotPath(issue);
  if (path === 'type') {
    const what =
      issue.input === undefined ? 'type is missing' : `type ${issue.received.slice(0, 64)} is unknown`;
    return `${what}; send start-stream, track-config, capture-clock, stop-stream, join-stream, leave-stream or clock`;
  }
  if (issue.input === undefined && path) return `${path} is missing`;
  return (issue.message.startsWith(path ?? '\0') ? issue.message : `${path}: ${issue.message}`).slice(0, 300);
}
