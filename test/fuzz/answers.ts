import {
  CloseCode,
  type ErrorCode,
  type ServerMessage,
  type StopReason,
  type StreamStatus,
} from '../../server/protocol.js';

/** As records, so that a code that is new has to be named here, too. */
const ERROR_CODES: Record<ErrorCode, true> = {
  BAD_MESSAGE: true,
  UNSUPPORTED_FORMAT: true,
  UNAUTHORIZED: true,
  STREAM_IN_USE: true,
  NOT_STREAMING: true,
  TOO_LARGE: true,
  RATE_LIMITED: true,
  SERVER_FULL: true,
  TRANSCODER_FAILED: true,
  SHUTTING_DOWN: true,
};
const STATUSES: Record<StreamStatus, true> = { waiting: true, live: true, reconnecting: true, ended: true };
const REASONS: Record<StopReason, true> = {
  stopped: true,
  replaced: true,
  'timed-out': true,
  failed: true,
  shutdown: true,
};

export const CLOSE_CODES: ReadonlySet<number> = new Set(Object.values(CloseCode));

const isNatural = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isId = (value: unknown): boolean => typeof value === 'string' && /^[\w-]{1,64}$/.test(value);

/** What a message from the server must hold. */
const CHECKS: {
  [Type in ServerMessage['type']]: (message: Extract<ServerMessage, { type: Type }>) => boolean;
} = {
  'stream-started': ({ streamId, playbackUrl, resumeToken, received }) =>
    isId(streamId) && URL.canParse(playbackUrl) && resumeToken.length >= 16 && isNatural(received),
  ack: ({ streamId, received }) => isId(streamId) && isNatural(received),
  'stream-stopped': ({ streamId, reason }) => isId(streamId) && reason in REASONS,
  'stream-joined': ({ streamId, status, viewers }) =>
    isId(streamId) && status in STATUSES && isNatural(viewers),
  'stream-status': ({ streamId, status }) => isId(streamId) && status in STATUSES,
  'viewer-count': ({ streamId, count }) => isId(streamId) && isNatural(count),
  clock: ({ sent, time }) => Number.isFinite(sent) && Number.isFinite(time),
  error: ({ code, message, streamId, fatal }) =>
    code in ERROR_CODES &&
    typeof message === 'string' &&
    message.length > 0 &&
    // "In words": an error of the language itself, or a page of the input, helps nobody.
    message.length < 1000 &&
    !/undefined|\[object|is not a function|Cannot read/.test(message) &&
    (streamId === undefined || isId(streamId)) &&
    typeof fatal === 'boolean',
};

/** What is wrong with a message of the server's, in words. */
export function checkMessage(message: ServerMessage): string[] {
  const check = CHECKS[message.type] as ((message: ServerMessage) => boolean) | undefined;
  return check?.(message) ? [] : [`the server said ${JSON.stringify(message).slice(0, 500)}`];
}

/** What statuses mean something here; 500 does not. */
const HTTP_STATUSES = new Set([
  200, 201, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415,
  416, 426, 429, 431, 502, 503,
]);

/** What is wrong with an answer, in words. */
export async function checkResponse(response: Response, what: string): Promise<string[]> {
  const { status, headers } = response;
  if (!HTTP_STATUSES.has(status)) return [`${what}: status ${status}`];
  if (status < 400 || what.startsWith('HEAD ')) return [];
  const type = headers.get('Content-Type') ?? '';
  const body = await response.text();
  if (!type.startsWith('application/problem+json')) return [`${what}: ${status} is told as ${type}`];
  const problem = JSON.parse(body) as { title?: unknown; status?: unknown; detail?: unknown };
  const isWhole =
    typeof problem.title === 'string' && problem.status === status && typeof problem.detail === 'string';
  const isShort = body.length < 2000;
  return isWhole && isShort ? [] : [`${what}: ${body.slice(0, 500)}`];
}
