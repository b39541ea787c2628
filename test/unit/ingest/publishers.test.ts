import { expect, it } from 'vitest';
import { Publishers } from '../../../server/ingest/publishers.js';
import { hashToken } from '../../../server/ingest/resume-token.js';
import { defaultLimits, defaultPackaging, silentLogger } from '../../../server/options.js';
import type { StartStreamMessage } from '../../../server/protocol.js';
import { Audience } from '../../../server/streams/audience.js';
import { Refusals } from '../../../server/streams/refusals.js';
import { Streams } from '../../../server/streams/streams.js';

it('nobody resumes what stands on a key that was revoked, before the stream has ended too', async () => {
  const audience = new Audience();
  let stands = true;
  const publishers = new Publishers({
    streams: new Streams(defaultPackaging, defaultLimits, audience),
    audience,
    limits: defaultLimits,
    packaging: defaultPackaging,
    refusals: new Refusals(),
    transcoders: undefined,
    logger: silentLogger,
    keeper: undefined,
    stands: () => stands,
  });
  const message: StartStreamMessage = {
    type: 'start-stream',
    streamId: 'show',
    format: {
      kind: 'frames',
      tracks: [{ id: 0, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }],
    },
  };
  const grant = { key: { id: 'key', hash: 'hash' } };
  const token = publishers.start(message, undefined, { grant }).resumeToken;
  const again = { ...message, resume: { token } };
  const tokenHash = await hashToken(token);
  expect(publishers.canResume(again, tokenHash)).toBe(true);
  stands = false;
  expect(publishers.canResume(again, tokenHash)).toBe(false);
  publishers.endRevoked();
  stands = true;
  expect(publishers.canResume(again, tokenHash)).toBe(false);
});
