import { describe, expect, it } from 'vitest';
import { generateFrames, messagesOf } from '../../helpers/frames.js';
import { mint } from '../../helpers/tokens.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';

const KEY = 'the-stream-key-of-a-careful-server';

async function publish(server: Server, token = KEY, streamId = newStreamId('victim')) {
  const { format, frames } = await generateFrames({ video: 'h264', seconds: 3 });
  const publisher = await server.publish(streamId, { token, format });
  publisher.send(messagesOf(frames));
  await publisher.acknowledged();
  return publisher;
}

/** What is taken for something that it is not. */
export function confusion(startHost: StartHost): void {
  describe('taken for another', () => {
    const server = useServer(startHost, {
      streamKeys: [KEY],
      transcoder: false,
      limits: { maxCommandRate: 1000 },
    });

    it('a resume token opens its own stream and no other', async () => {
      const [mine, yours] = await Promise.all([publish(server()), publish(server())]);
      const viewer = await server().watch(yours.streamId);
      yours.socket.terminate();
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      const token = yours.started.resumeToken;
      const guesses = [mine.started.resumeToken, '_'.repeat(token.length), token.slice(0, -1), `${token}A`];
      for (const guess of guesses) {
        const thief = await server().connect();
        thief.send({ type: 'start-stream', streamId: yours.streamId, resume: { token: guess } });
        expect(await thief.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: true });
      }
      expect((await yours.resume()).received).toBe(yours.sent);
      expect(new Set([mine, yours].map(({ started }) => started.resumeToken)).size).toBe(2);
      // 192 bits.
      expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/);
    });

    it('a publish token that is used again does not take over what is live', async () => {
      const streamId = newStreamId('replay');
      const token = await mint({ secret: KEY, streamId, scope: 'publish' });
      const publisher = await publish(server(), token, streamId);
      const other = await server().connect();
      const { format } = await generateFrames({ video: 'h264', seconds: 3 });
      other.send({ type: 'start-stream', streamId, token, format });
      expect(await other.next('error')).toMatchObject({ code: 'STREAM_IN_USE', fatal: false });
      await publisher.stop();
    });

    it.each([
      ['a path', '../show'],
      ['a slash', 'a/b'],
      ['a slash of a path that is written out', 'a%2fb'],
      ['a letter of another alphabet', 'sh\u043Ew'],
      ['a wide letter', '\uFF53how'],
      ['a letter and its accent', 'sho\u0301w'],
      ['a letter that cannot be seen', 'show\u200B'],
      ['NUL', 'show\0'],
      ['the end of a line', 'show\n'],
      ['a header of its own', 'show\r\nX-Injected: yes'],
      ['an array', ['show']],
      ['an object', { toString: 'show' }],
      ['a number', 1],
    ])('no stream id has %s', async (_, streamId) => {
      const client = await server().connect();
      for (const type of ['start-stream', 'join-stream', 'stop-stream']) {
        client.sendText(JSON.stringify({ type, streamId, token: KEY }));
        expect(await client.next('error')).toMatchObject({ code: 'BAD_MESSAGE', fatal: false });
      }
    });

    it('a key is not taken out of a URL', async () => {
      const socketUrl = `${server().socketUrl}?token=${KEY}`;
      const client = await server().connectTo(socketUrl);
      client.send({ type: 'start-stream', streamId: newStreamId() });
      expect(await client.next('error')).toMatchObject({ code: 'UNAUTHORIZED' });
    });
  });
}
