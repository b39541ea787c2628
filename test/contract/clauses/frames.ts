import { describe, expect, it } from 'vitest';
import { generateFrames, messagesOf, type FramesRecipe } from '../../helpers/frames.js';
import { probeStreams } from '../../helpers/media.js';
import { expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

export function frames(startHost: StartHost): void {
  describe('frames', () => {
    const server = useServer(startHost);

    const recipes: [string, FramesRecipe, string[]][] = [
      ['H.264 and AAC', { video: 'h264', audio: 'aac' }, ['h264', 'aac']],
      ['H.264 and Opus', { video: 'h264', audio: 'opus', frameRate: 24 }, ['h264', 'opus']],
      ['H.264 alone', { video: 'h264', frameRate: '30000/1001' }, ['h264']],
      ['AAC alone', { audio: 'aac' }, ['aac']],
      ['Opus alone', { audio: 'opus' }, ['opus']],
    ];
    it.each(recipes)('publishes %s', async (_, recipe, codecs) => {
      const media = await generateFrames(recipe);
      const publisher = await server().publish(newStreamId(), { format: media.format });
      const hls = server().hls(publisher.streamId);
      publisher.send(messagesOf(media.frames));
      await publisher.acknowledged();
      expect((await publisher.stop()).reason).toBe('stopped');
      expect(publisher.socket.all('error')).toEqual([]);

      const playlist = await hls.playlist();
      expect(playlist.ended).toBe(true);
      const duration = playlist.segments.reduce((sum, segment) => sum + segment.duration!, 0);
      expect(duration).toBeGreaterThan(media.seconds - 0.1);
      expect(duration).toBeLessThan(media.seconds + 0.2);
      const streams = await probeStreams(hls.url);
      expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual([...codecs].sort());
      if (recipe.video) await expectEveryFrame(hls, { ...media, chunks: [] });
    });
  });
}
