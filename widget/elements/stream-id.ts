import { LivedropError } from '../errors.js';

/** What the protocol takes for a stream's id. */
const STREAM_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** What is wrong with an element's `stream-id`; undefined where nothing is. */
export function streamIdProblem(streamId: string | undefined): LivedropError | undefined {
  if (streamId && STREAM_ID.test(streamId)) return undefined;
  const message = streamId ? `“${streamId}” cannot be a stream’s id` : 'The stream has no id';
  return new LivedropError('BAD_MESSAGE', message, {
    help: 'Set stream-id to 1 to 64 letters, digits, “_” or “-”.',
  });
}
