import { describe, expect, it } from 'vitest';
import { playlistFor } from '../../../widget/media/playlist-for.js';

describe('playlistFor', () => {
  const url = 'https://live.test/livestream/a/stream.m3u8?token=t';

  it('is the stream’s own where the browser takes Opus, by either name', () => {
    expect(playlistFor(url, (type) => type.includes('opus'))).toBe(url);
    expect(playlistFor(url, (type) => type.includes('Opus'))).toBe(url);
  });

  it('asks for AAC where it does not', () => {
    expect(playlistFor(url, () => false)).toBe(`${url}&audio=aac`);
  });
});
