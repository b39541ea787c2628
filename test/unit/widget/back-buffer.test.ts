import type Hls from 'hls.js';
import { Events } from 'hls.js';
import { describe, expect, it } from 'vitest';
import { BackBuffer } from '../../../widget/media/back-buffer.js';

/** What is used of hls.js and a video element; the real ones play in the end-to-end runs. */
function setUp(state: 'IDLE' | 'FRAG_LOADING' | 'PARSING') {
  const listeners = new Map<string, () => void>();
  const done: unknown[] = [];
  const main = { frag: null, state };
  const hls = {
    on: (event: string, listener: () => void) => listeners.set(event, listener),
    trigger: (event: string, data: unknown) => done.push([event, data]),
    pauseBuffering: () => done.push('pause'),
    resumeBuffering: () => done.push('resume'),
    inFlightFragments: { main },
  };
  const video = { currentTime: 0, buffered: { length: 1, start: () => 5 } };
  new BackBuffer(video as unknown as HTMLVideoElement, hls as unknown as Hls, Events);
  return { video, main, done, emit: (event: Events) => listeners.get(event)?.() };
}

describe('the back buffer', () => {
  it('is left alone until there is half a minute of it', () => {
    const { video, done, emit } = setUp('IDLE');
    video.currentTime = 34.9;
    emit(Events.FRAG_BUFFERED);
    expect(done).toEqual([]);
  });

  it('is removed but for ten seconds, and nothing is loaded meanwhile', () => {
    const { video, done, emit } = setUp('IDLE');
    video.currentTime = 35;
    emit(Events.FRAG_BUFFERED);
    expect(done).toEqual(['pause', [Events.BUFFER_FLUSHING, { startOffset: 0, endOffset: 25, type: null }]]);
    emit(Events.BUFFER_FLUSHED);
    expect(done.at(-1)).toBe('resume');
  });

  it('is not resumed by what others remove', () => {
    const { video, done, emit } = setUp('IDLE');
    emit(Events.BUFFER_FLUSHED);
    emit(Events.MEDIA_DETACHING);
    expect(done).toEqual([]);
    video.currentTime = 35;
    emit(Events.FRAG_BUFFERED);
    emit(Events.BUFFER_FLUSHED);
    emit(Events.BUFFER_FLUSHED);
    expect(done.filter((what) => what === 'resume')).toHaveLength(1);
  });

  it('is removed once at a time, and given up where the element is taken away meanwhile', () => {
    const { video, done, emit } = setUp('IDLE');
    video.currentTime = 35;
    emit(Events.FRAG_BUFFERED);
    emit(Events.FRAG_BUFFERED);
    expect(done).toHaveLength(2);
    emit(Events.MEDIA_DETACHING);
    expect(done.at(-1)).toBe('resume');
  });

  it('is removed whatever is under way where there is a minute and a half of it', () => {
    const { video, done, emit } = setUp('FRAG_LOADING');
    video.currentTime = 94.9;
    emit(Events.FRAG_BUFFERED);
    expect(done).toEqual([]);
    video.currentTime = 95;
    emit(Events.FRAG_BUFFERED);
    expect(done).toHaveLength(2);
  });

  it.each(['FRAG_LOADING', 'PARSING'] as const)('waits while a piece is under way: %s', (state) => {
    const { video, main, done, emit } = setUp(state);
    video.currentTime = 60;
    emit(Events.FRAG_BUFFERED);
    expect(done).toEqual([]);
    main.state = 'IDLE' as typeof state;
    emit(Events.FRAG_BUFFERED);
    expect(done).toHaveLength(2);
  });
});
