import { afterEach, expect, it, vi } from 'vitest';
import { createDebugLog, withoutSecrets } from '../../../widget/debug.js';

afterEach(() => void vi.restoreAllMocks());

const STARTED = {
  type: 'stream-started',
  streamId: 'show',
  playbackUrl: 'https://live.example/livestream/show/stream.m3u8',
  resumeToken: 'who-has-this-may-publish',
  received: 3,
} as const;

it('writes what the server says into the console, less the authority to publish', () => {
  const info = vi.spyOn(console, 'info').mockImplementation(() => {});
  createDebugLog(() => true)('stream', STARTED.type, withoutSecrets(STARTED));
  const written = JSON.stringify(info.mock.calls);
  expect(written).toContain(STARTED.playbackUrl);
  expect(written).not.toContain(STARTED.resumeToken);
  // The message itself is still to be used.
  expect(STARTED.resumeToken).toBe('who-has-this-may-publish');
});

it('leaves every other message as it is', () => {
  const message = { type: 'stream-status', streamId: 'show', status: 'live' } as const;
  expect(withoutSecrets(message)).toEqual(message);
});
