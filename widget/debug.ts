import type { ServerMessage } from '../server/protocol.js';

/** What a debug line is about. */
export type DebugTopic = 'connection' | 'stream' | 'media' | 'playback' | 'error';

/** Writes one line to the console, where debugging is on. */
export type DebugLog = (topic: DebugTopic, message: string, detail?: unknown) => void;

/**
 * A debug logger.
 * @param enabled asked for every line, so that it can be switched on while the page runs; absent: off
 */
export function createDebugLog(enabled?: () => boolean): DebugLog {
  return (topic, message, detail) => {
    if (!enabled?.()) return;
    const line = `[livedrop] ${topic}: ${message}`;
    const write = topic === 'error' ? console.warn : console.info;
    if (detail === undefined) write(line);
    else write(line, detail);
  };
}

/** A resume token is the authority to publish: it does not belong in a console. */
export function withoutSecrets(message: ServerMessage): object {
  return message.type === 'stream-started' ? { ...message, resumeToken: '…' } : message;
}
