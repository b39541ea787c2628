import { describe, expect, it } from 'vitest';
import { h264Candidates, h264Level } from '../../../widget/media/video-config.js';

describe('h264Level', () => {
  it.each([
    [640, 360, 30, 30],
    [1280, 720, 30, 31],
    [720, 1280, 30, 31],
    [1280, 720, 60, 32],
    [1920, 1080, 30, 40],
    [1920, 1080, 60, 42],
    [3840, 2160, 30, 51],
    [3840, 2160, 120, 52],
  ])('of %i×%i at %i is %i', (width, height, frameRate, level) => {
    expect(h264Level({ width, height, frameRate })).toBe(level);
  });
});

it('asks for a profile without B-frames first, and names the level', () => {
  const configs = h264Candidates({ width: 1280, height: 720, frameRate: 30, bitrate: 1 });
  expect(configs.map(({ codec }) => codec)).toEqual(['avc1.42E01F', 'avc1.4D001F', 'avc1.64001F']);
  for (const config of configs)
    expect(config).toMatchObject({ latencyMode: 'realtime', avc: { format: 'avc' }, framerate: 30 });
});
