import { describe, expect, it } from 'vitest';
import { recorderMimeType } from '../../../widget/media/capabilities.js';

const supporting =
  (...types: string[]) =>
  (type: string): boolean =>
    types.includes(type);

describe('recorderMimeType', () => {
  it('prefers H.264 in WebM, which comes every 100 ms and is copied by the server', () => {
    const isSupported = supporting('video/mp4', 'video/webm;codecs=vp8,opus', 'video/webm;codecs=h264,opus');
    expect(recorderMimeType(isSupported, false)).toBe('video/webm;codecs=h264,opus');
  });

  it('takes VP8 where there is no H.264 (Firefox)', () => {
    expect(recorderMimeType(supporting('video/webm;codecs=vp8,opus', 'video/webm'), false)).toBe(
      'video/webm;codecs=vp8,opus',
    );
  });

  it('takes MP4 in Safari, even where that records WebM', () => {
    expect(recorderMimeType(supporting('video/webm;codecs=vp8,opus', 'video/mp4'), true)).toBe('video/mp4');
  });

  it('gives none where nothing can be recorded', () => {
    expect(recorderMimeType(() => false, false)).toBeUndefined();
  });
});
