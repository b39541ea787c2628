import { LivestreamError } from '../errors.js';
import type { TrackConfig } from '../protocol.js';

/**
 * A track's codec configuration.
 * @throws LivestreamError BAD_MESSAGE when it is no base64
 */
export function readDescription({ id, description }: TrackConfig): Uint8Array | undefined {
  if (description === undefined) return undefined;
  try {
    return Uint8Array.from(atob(description), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new LivestreamError('BAD_MESSAGE', `description of track ${id} is no base64`, { cause });
  }
}
