import { expect, it } from 'vitest';
import { withToken } from '../../../server/hls/playlist-token.js';

it('puts a token into every URI and nowhere else', () => {
  const playlist = [
    '#EXTM3U',
    '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.42E01F,opus"',
    'source/abc.m3u8',
    '#EXT-X-MAP:URI="abc-i0.mp4"',
    '#EXT-X-PART:DURATION=0.2,URI="abc-p1.m4s",INDEPENDENT=YES',
    '#EXTINF:1,',
    'abc-s0.m4s',
    '#EXT-X-RENDITION-REPORT:URI="../aac/abc.m3u8",LAST-MSN=1,LAST-PART=2',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="abc-p2.m4s"',
    '',
  ].join('\n');
  expect(withToken(playlist, 'a.b-c').split('\n')).toEqual([
    '#EXTM3U',
    '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.42E01F,opus"',
    'source/abc.m3u8?token=a.b-c',
    '#EXT-X-MAP:URI="abc-i0.mp4?token=a.b-c"',
    '#EXT-X-PART:DURATION=0.2,URI="abc-p1.m4s?token=a.b-c",INDEPENDENT=YES',
    '#EXTINF:1,',
    'abc-s0.m4s?token=a.b-c',
    '#EXT-X-RENDITION-REPORT:URI="../aac/abc.m3u8?token=a.b-c",LAST-MSN=1,LAST-PART=2',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="abc-p2.m4s?token=a.b-c"',
    '',
  ]);
});

it('lets no token end a line or an attribute', () => {
  expect(withToken('a.m4s\n', 'x"\n#EXT-X-ENDLIST')).toBe('a.m4s?token=x%22%0A%23EXT-X-ENDLIST\n');
});
