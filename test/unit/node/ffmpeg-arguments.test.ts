import { describe, expect, it } from 'vitest';
import type { TranscoderInput } from '../../../server/ingest/transcoder.js';
import { ffmpegArguments, type EncodingOptions } from '../../../server/node/ffmpeg-arguments.js';
import { input } from './transcode-file.js';

function given(settings: Partial<TranscoderInput>, options?: EncodingOptions): string {
  return ffmpegArguments({ ...input, ...settings }, options).join(' ');
}

describe('ffmpegArguments', () => {
  it.each([
    ['webm', '-f matroska -i pipe:0'],
    ['mp4', '-f mov -i pipe:0'],
    ['mpegts', '-f mpegts -i pipe:0'],
  ] as const)(
    'names the demuxer of %s, so that nothing else is tried on what a stranger sends',
    (container, expected) => {
      expect(given({ container })).toContain(expected);
    },
  );

  it('copies what can be copied', () => {
    const text = given({ video: 'copy', audio: 'copy' });
    expect(text).toContain('-c:v copy');
    expect(text).toContain('-c:a copy');
    expect(text).not.toContain('libx264');
    expect(text).not.toContain('aresample');
  });

  it('encodes the rest, with key frames at the wanted interval', () => {
    const text = given({ video: 'encode', audio: 'encode', keyFrameInterval: 2 });
    expect(text).toContain('-c:v libx264');
    expect(text).toContain('-force_key_frames expr:gte(t,n_forced*2)');
    expect(text).toContain('-c:a aac');
  });

  it('takes the encoder settings from the options', () => {
    const options = { frameRate: 25, maxVideoSide: 1280, maxVideoBitrate: 2_000_000, audioBitrate: 96_000 };
    const text = given({ video: 'encode', audio: 'encode' }, options);
    expect(text).toContain('-r 25');
    expect(text).toContain("scale='min(iw,1280)':'min(ih,1280)'");
    expect(text).toContain('-maxrate 2000000');
    expect(text).toContain('-b:a 96000');
  });

  it('never drops what was read while probing', () => {
    expect(given({})).not.toContain('nobuffer');
  });
});
