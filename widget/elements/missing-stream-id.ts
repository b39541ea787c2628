import { LivedropError } from '../errors.js';

/** What is wrong with an element that has no `stream-id`; one that is malformed, the server refuses by name. */
export function missingStreamId(): LivedropError {
  return new LivedropError('BAD_MESSAGE', 'The stream has no id', {
    help: 'Set stream-id to 1 to 64 letters, digits, “_” or “-”.',
  });
}
