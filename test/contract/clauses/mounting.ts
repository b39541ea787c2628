import { describe, expect, it } from 'vitest';
import { generateMedia, probeStreams } from '../../helpers/media.js';
import { Publisher } from '../../helpers/publisher.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

export function mounting(startHost: StartHost): void {
  describe.each(['/', '/live', '/a/deeper/path'])('mounted at %s', (mountPath) => {
    const server = useServer(startHost, { mountPath: mountPath === '/' ? '' : mountPath });

    it('publishes and plays under that path', async () => {
      const { chunks } = await generateMedia({ container: 'mp4', video: 'h264', audio: 'aac', seconds: 2 });
      const publisher = await server().publish(newStreamId());
      const { playbackUrl } = publisher.started;
      expect(playbackUrl).toBe(`${server().url}/livestream/${publisher.streamId}/stream.m3u8`);
      publisher.send(chunks);
      await publisher.stop();
      expect(await probeStreams(playbackUrl)).toHaveLength(2);
      expect((await server().fetch('/healthz')).status).toBe(200);
      expect((await server().fetch(`/livestream/${publisher.streamId}`)).status).toBe(200);
    });

    it.each([
      ...['evil.example/x?y=', 'evil.example/x/', 'evil.example?', 'evil.example#', 'x@evil.example'],
      ...['evil.example:1:2', 'evil.example\\x', '[::1', "evil.example'", ''],
    ])('makes nothing else of the Host %j than a host', async (host) => {
      const client = await server()
        .connect({ Host: host })
        .catch(() => undefined);
      // Refused by the runtime.
      if (!client) return;
      const { started, streamId } = await Publisher.startOn(client, server().socketUrl, newStreamId());
      const { pathname, search, hash, username } = new URL(started.playbackUrl);
      expect(pathname).toBe(`${server().mountPath}/livestream/${streamId}/stream.m3u8`);
      expect([search, hash, username]).toEqual(['', '', '']);
    });
  });
}
