import { describe, expect, it } from 'vitest';
import { reportOf, writeMediaPlaylist } from '../../../server/hls/media-playlist.js';
import { writeMultivariantPlaylist } from '../../../server/hls/multivariant-playlist.js';
import { Window } from '../../../server/hls/window.js';

const names = {
  init: (id: number) => `i${id}.mp4`,
  segment: (msn: number) => `s${msn}.m4s`,
  part: (number: number) => `p${number}.m4s`,
};

function makeWindow(
  segments: number,
  options: { open?: number; discontinuityAt?: number; dependentAt?: number } = {},
): Window {
  const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
  window.partTarget = 0.201;
  const add = (index: number, parts: number): void => {
    const independent = index !== options.dependentAt;
    const discontinuity = index === options.discontinuityAt;
    const programDateTime = Date.parse('2030-01-01T00:00:00.5Z') + index * 1000;
    window.openSegment({ init: discontinuity ? 1 : 0, discontinuity, programDateTime, independent });
    for (let part = 0; part < parts; part++) {
      window.addPart({ duration: 0.2, independent: independent && part === 0, bytes: new Uint8Array(1) });
    }
  };
  for (let index = 0; index < segments; index++) {
    add(index, 5);
    window.closeSegment();
  }
  if (options.open) add(segments, options.open);
  return window;
}

const lines = (window: Window, skip = false): string[] =>
  writeMediaPlaylist(window, names, { skip }).trimEnd().split('\n');

describe('media playlist', () => {
  it('says what a window offers', () => {
    expect(lines(makeWindow(1, { open: 2 }))).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:9',
      '#EXT-X-TARGETDURATION:2',
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,HOLD-BACK=6,PART-HOLD-BACK=0.603',
      '#EXT-X-PART-INF:PART-TARGET=0.201',
      '#EXT-X-MEDIA-SEQUENCE:1',
      '#EXT-X-DISCONTINUITY-SEQUENCE:0',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="i0.mp4"',
      '#EXT-X-PROGRAM-DATE-TIME:2030-01-01T00:00:00.500Z',
      '#EXT-X-PART:DURATION=0.2,URI="p0.m4s",INDEPENDENT=YES',
      '#EXT-X-PART:DURATION=0.2,URI="p1.m4s"',
      '#EXT-X-PART:DURATION=0.2,URI="p2.m4s"',
      '#EXT-X-PART:DURATION=0.2,URI="p3.m4s"',
      '#EXT-X-PART:DURATION=0.2,URI="p4.m4s"',
      '#EXTINF:1,',
      's1.m4s',
      '#EXT-X-PROGRAM-DATE-TIME:2030-01-01T00:00:01.500Z',
      '#EXT-X-PART:DURATION=0.2,URI="p5.m4s",INDEPENDENT=YES',
      '#EXT-X-PART:DURATION=0.2,URI="p6.m4s"',
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p7.m4s"',
    ]);
  });

  it('lists parts for three target durations and no longer', () => {
    const text = lines(makeWindow(20, { open: 1 }));
    const first = text.find((line) => line.startsWith('#EXT-X-PART:'));
    // The open part, six seconds of segments, and the segment in which they begin.
    expect(first).toContain(`URI="p${(20 - 6) * 5}.m4s"`);
  });

  it('ends with EXT-X-ENDLIST, without parts and hint', () => {
    const window = makeWindow(3);
    window.end();
    const text = lines(window);
    expect(text.at(-1)).toBe('#EXT-X-ENDLIST');
    expect(text.join('\n')).not.toMatch(/EXT-X-PART:|PRELOAD-HINT/);
  });

  it('gives a discontinuity its map and date before its first part', () => {
    const text = lines(makeWindow(3, { discontinuityAt: 1 }));
    const at = text.indexOf('#EXT-X-DISCONTINUITY');
    expect(text.slice(at, at + 4)).toEqual([
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-MAP:URI="i1.mp4"',
      '#EXT-X-PROGRAM-DATE-TIME:2030-01-01T00:00:01.500Z',
      '#EXT-X-PART:DURATION=0.2,URI="p5.m4s",INDEPENDENT=YES',
    ]);
  });

  it('skips segments beyond six target durations when asked to', () => {
    const text = lines(makeWindow(20, { open: 1 }), true);
    expect(text).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=8');
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:1');
    expect(text.find((line) => line.endsWith('.m4s'))).toBe('s9.m4s');
    expect(lines(makeWindow(5), true).join('\n')).not.toContain('SKIP:');
  });

  it('reports the other renditions (§4.4.5.4)', () => {
    const other = makeWindow(3, { open: 2 });
    const reports = [reportOf(other, '../low/x.m3u8')!, reportOf(makeWindow(2), '../aac/x.m3u8')!];
    const text = writeMediaPlaylist(makeWindow(3), names, { reports }).split('\n');
    expect(text.filter((line) => line.startsWith('#EXT-X-RENDITION-REPORT:'))).toEqual([
      '#EXT-X-RENDITION-REPORT:URI="../low/x.m3u8",LAST-MSN=4,LAST-PART=1',
      '#EXT-X-RENDITION-REPORT:URI="../aac/x.m3u8",LAST-MSN=2,LAST-PART=4',
    ]);
    expect(reportOf(makeWindow(0), 'x')).toBeUndefined();
  });

  it('claims independent segments only while it is true', () => {
    expect(lines(makeWindow(3, { dependentAt: 1 }))).not.toContain('#EXT-X-INDEPENDENT-SEGMENTS');
  });
});

describe('multivariant playlist', () => {
  const variant = {
    ...{ uri: 'source/x.m3u8', bandwidth: 1_000_000.2, averageBandwidth: 900_000, independent: true },
    ...{ codecs: ['avc1.42E01F', 'mp4a.40.2'], width: 640, height: 360, frameRate: 30_000 / 1001 },
  };

  it('describes its variants', () => {
    expect(writeMultivariantPlaylist([variant]).split('\n')).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:9',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-STREAM-INF:BANDWIDTH=1000001,AVERAGE-BANDWIDTH=900000,CODECS="avc1.42E01F,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970',
      'source/x.m3u8',
      '',
    ]);
  });

  it('has no picture size for sound alone', () => {
    const audio = {
      ...variant,
      width: undefined,
      height: undefined,
      frameRate: undefined,
      codecs: ['mp4a.40.2'],
    };
    expect(writeMultivariantPlaylist([audio])).not.toMatch(/RESOLUTION|FRAME-RATE/);
  });
});
