import { expect, it } from 'vitest';
import { generateFrames, repeatFrames } from '../../helpers/frames.js';

it('makes frames as an encoder hands them out', async () => {
  const recipe = { video: 'h264', audio: 'opus', seconds: 3, frameRate: 25, earlyKeyFrame: 0.2 } as const;
  const media = await generateFrames(recipe);
  const [video, audio] = media.format.tracks;
  expect(video).toMatchObject({ id: 0, kind: 'video', width: 320, height: 180, frameRate: 25 });
  expect(audio).toMatchObject({ id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000 });
  const pictures = media.frames.filter(({ track }) => track === 0);
  expect(pictures.map(({ timestamp }) => timestamp)).toEqual(
    Array.from({ length: 75 }, (_, index) => index * 40_000),
  );
  expect(pictures.filter(({ key }) => key).map(({ timestamp }) => timestamp / 1e6)).toEqual([0, 0.2, 1, 2]);

  let last = -1;
  for (const frame of repeatFrames(media)) {
    if (frame.track === 0) {
      expect(frame.timestamp - last).toBeCloseTo(last < 0 ? 1 : 40_000);
      last = frame.timestamp;
    }
    if (frame.timestamp > 7e6) break;
  }
});
