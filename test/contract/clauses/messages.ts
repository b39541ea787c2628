import { describe, expect, it } from 'vitest';
import { generateMedia } from '../../helpers/media.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const start = (fields: object): string => JSON.stringify({ type: 'start-stream', streamId: 'a', ...fields });
const join = (streamId: unknown): string => JSON.stringify({ type: 'join-stream', streamId });

/** Each is answered with BAD_MESSAGE, and the connection stays. */
const badMessages: [string, string][] = [
  ['text that is no JSON', '{"type":"join-stream"'],
  ['an empty text', ''],
  ['null', 'null'],
  ['a number', '17'],
  ['a string', '"start-stream"'],
  ['an array', '[{"type":"join-stream","streamId":"a"}]'],
  ['no type', '{"streamId":"a"}'],
  ['an unknown type', '{"type":"pause-stream","streamId":"a"}'],
  ['a type of the server', '{"type":"stream-started","streamId":"a"}'],
  ['a type that is a number', '{"type":5,"streamId":"a"}'],
  ['a type that is null', '{"type":null,"streamId":"a"}'],
  ['a type that every object has', '{"type":"constructor","streamId":"a"}'],
  ['a type only in __proto__', '{"__proto__":{"type":"join-stream","streamId":"a"}}'],
  ['a streamId only in __proto__', '{"type":"join-stream","__proto__":{"streamId":"a"}}'],
  ['no streamId', '{"type":"start-stream"}'],
  ['a streamId that is a number', join(7)],
  ['a streamId that is null', join(null)],
  ['a streamId that is an array', join(['a'])],
  ['an empty streamId', join('')],
  ['a streamId of 65 characters', join('a'.repeat(65))],
  ['a streamId with a slash', join('a/b')],
  ['a streamId of two dots', join('..')],
  ['a streamId with NUL', join('a\0b')],
  ['a streamId with a line feed at its end', join('abc\n')],
  ['a streamId with a space', join('a b')],
  ['a streamId with a letter beyond ASCII', join('übung')],
  ['a streamId with letters of full width', join('ａｂｃ')],
  ['a streamId with a lone surrogate', '{"type":"join-stream","streamId":"\\ud800"}'],
  ['a streamId that is already percent-encoded', join('%61')],
  ['a userId that is a number', start({ userId: 7 })],
  ['a userId without end', start({ userId: 'u'.repeat(10_000) })],
  ['a title that is an object', start({ title: {} })],
  ['a token that is a number', start({ token: 7 })],
  ['a format that is a string', start({ format: 'video/webm' })],
  ['a format without kind', start({ format: { mimeType: 'video/webm' } })],
  ['a mimeType that is a number', start({ format: { kind: 'container', mimeType: 1 } })],
  ['resume that is a token', start({ resume: 'a-token' })],
  ['resume without token', start({ resume: {} })],
  ['a resume token that is a number', start({ resume: { token: 1 } })],
  ['track-config without track', '{"type":"track-config","streamId":"a"}'],
  ['stop-stream without streamId', '{"type":"stop-stream"}'],
  ['leave-stream without streamId', '{"type":"leave-stream"}'],
];

/** Ids that mean something in JavaScript, in paths or in routes, and nothing to the protocol. */
const oddIds = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'ws', '-', '0', 'A'.repeat(64)];

export function messages(startHost: StartHost): void {
  describe.concurrent('messages', () => {
    const server = useServer(startHost, { limits: { maxCommandRate: 1000 } });

    it.each(badMessages)('refuses %s', async (_, text) => {
      const client = await server().connect();
      client.sendText(text);
      const error = await client.next('error');
      expect(error).toMatchObject({ type: 'error', code: 'BAD_MESSAGE', fatal: false });
      expect(error.message.length).toBeGreaterThan(10);
      expect(error.message.length).toBeLessThan(400);
      await client.roundTrip();
      expect(client.all('error')).toHaveLength(1);
      await client.close();
    });

    it('says which field is wrong, and what would be right', async () => {
      const client = await server().connect();
      client.sendText(join('a/b'));
      expect((await client.next('error')).message).toMatch(/streamId.*a\/b.*letters, digits/);
      client.sendText('{"type":"pause-stream"}');
      expect((await client.next('error')).message).toMatch(/pause-stream.*start-stream.*join-stream/);
    });

    it('leaves out fields that it does not know, keys of prototypes among them', async () => {
      const client = await server().connect();
      const streamId = newStreamId();
      const extra = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"later":1';
      client.sendText(`{"type":"start-stream","streamId":"${streamId}",${extra}}`);
      expect((await client.next('stream-started')).streamId).toBe(streamId);
      client.sendText(`{"type":"join-stream","streamId":"${streamId}",${extra}}`);
      const joined = await client.next('stream-joined');
      expect(joined).toEqual({ type: 'stream-joined', streamId, status: 'waiting', viewers: 1 });
      expect(Object.prototype).not.toHaveProperty('polluted');
    });

    it.each(oddIds)('serves a stream of the id %s', async (streamId) => {
      expect((await server().fetch(`/livestream/${streamId}/stream.m3u8`)).status).toBe(404);
      const media = await generateMedia({ container: 'mp4', video: 'h264', audio: 'aac', seconds: 1 });
      const viewer = await server().watch(streamId);
      const publisher = await server().publish(streamId);
      publisher.send(media.chunks);
      await publisher.stop();
      expect((await viewer.next('stream-status', ({ status }) => status === 'ended')).streamId).toBe(
        streamId,
      );
      expect((await server().hls(streamId).playlist()).ended).toBe(true);
      const state = (await (await server().fetch(`/livestream/${streamId}`)).json()) as object;
      expect(state).toMatchObject({ streamId, status: 'ended' });
    });

    it('tells ids apart by case', async () => {
      const streamId = newStreamId('Case');
      await server().publish(streamId);
      const other = await server().publish(streamId.toLowerCase());
      expect(other.started.received).toBe(0);
    });

    it('closes a connection whose text is not UTF-8 and goes on', async () => {
      const client = await server().connect();
      client.socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false });
      expect((await client.closed).code).toBe(1007);
      expect((await server().fetch('/healthz')).status).toBe(200);
    });

    it('closes a connection that breaks the framing and goes on', async () => {
      const client = await server().connect();
      const { _socket: tcp } = client.socket as unknown as { _socket: { write(bytes: Buffer): void } };
      // Reserved bits are set and the payload is not masked (RFC 6455 §5.2, §5.3).
      tcp.write(Buffer.from([0xf2, 0x03, 1, 2, 3]));
      await client.closed;
      expect((await server().fetch('/healthz')).status).toBe(200);
    });

    it('answers a request that is no upgrade with a problem', async () => {
      const response = await server().fetch('/livestream/ws-not');
      expect(response.status).toBe(404);
      const plain = await server().fetch('/livestream/ws');
      expect(plain.status).toBeGreaterThanOrEqual(200);
      expect(plain.status).toBeLessThan(500);
    });
  });
}
