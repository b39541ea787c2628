import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PlayState } from '../../../widget/media/play-state.js';

/** A video element as far as it is asked: it is told what happens, and `play` does what the policy says. */
class FakeVideo extends EventTarget {
  paused = true;
  ended = false;
  currentTime = 0;
  muted = false;
  readyState = 0;
  allows: 'all' | 'muted' | 'nothing' = 'all';
  plays = 0;

  play(): Promise<void> {
    this.plays++;
    const isAllowed = this.allows === 'all' || (this.allows === 'muted' && this.muted);
    if (!isAllowed) return Promise.reject(new DOMException('a click first', 'NotAllowedError'));
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    this.paused = true;
    this.tell('pause');
  }

  /** Of its own, since Node warns of a signal that ends more than ten listeners. */
  override addEventListener(
    type: string,
    listener: (event: Event) => void,
    { signal }: { signal: AbortSignal },
  ): void {
    super.addEventListener(type, (event) => {
      if (!signal.aborted) listener(event);
    });
  }

  tell(...types: string[]): void {
    for (const type of types) this.dispatchEvent(new Event(type));
  }
}

const HAVE_METADATA = 1;
const HAVE_FUTURE_DATA = 3;

describe('PlayState', () => {
  let video: FakeVideo;
  let state: PlayState;
  let events: string[];
  let changes: number;

  beforeEach(() => {
    vi.stubGlobal('HTMLMediaElement', { HAVE_NOTHING: 0, HAVE_FUTURE_DATA });
    video = new FakeVideo();
    events = [];
    changes = 0;
    state = new PlayState({
      isLoaded: () => true,
      onEvent: (type) => events.push(type),
      onChange: () => void changes++,
      onTime: () => {},
      onDebug: () => {},
    });
    state.attach(video as unknown as HTMLVideoElement);
  });
  afterEach(() => void vi.unstubAllGlobals());

  const play = async (): Promise<void> => {
    await state.play();
    video.readyState = HAVE_FUTURE_DATA;
    video.tell('loadedmetadata', 'loadeddata', 'canplay', 'playing');
  };

  it('buffers until there is a picture, and while it waits for more', async () => {
    const playing = state.play();
    expect(state).toMatchObject({ buffering: true, playing: false });
    await playing;
    video.tell('loadeddata', 'playing');
    expect(state).toMatchObject({ buffering: false, playing: true, hasFrame: true });
    video.tell('waiting');
    expect(state).toMatchObject({ buffering: true, playing: false });
    expect(events).toEqual(['playing', 'waiting']);
  });

  it('sees that it goes on where the browser does not tell', async () => {
    await play();
    video.readyState = HAVE_METADATA;
    video.tell('waiting', 'timeupdate');
    expect(state.playing).toBe(false);
    video.readyState = HAVE_FUTURE_DATA;
    video.currentTime = 0.2;
    video.tell('timeupdate');
    expect(state.playing).toBe(true);
    state.release();
  });

  it('waits where the playhead does not move, though the browser tells nothing', async () => {
    vi.useFakeTimers();
    try {
      await state.play();
      video.readyState = HAVE_FUTURE_DATA;
      video.currentTime = 1;
      video.tell('loadeddata', 'playing', 'timeupdate');
      vi.advanceTimersByTime(1900);
      // Of no move.
      video.tell('timeupdate');
      expect(state.playing).toBe(true);
      changes = 0;
      vi.advanceTimersByTime(100);
      expect(state.playing).toBe(false);
      expect(state.buffering).toBe(true);
      expect(changes).toBe(1);
      video.tell('timeupdate');
      expect(state.playing).toBe(false);
      video.currentTime = 2;
      video.tell('timeupdate');
      expect(state.playing).toBe(true);

      // It moved, and the event is late; it was paused.
      video.currentTime = 3;
      vi.advanceTimersByTime(2000);
      expect(state.playing).toBe(true);
      video.tell('timeupdate');
      video.pause();
      vi.advanceTimersByTime(2000);
      expect(state.buffering).toBe(false);

      video.currentTime = 4;
      video.tell('timeupdate');
      state.release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('plays again what paused by itself before it had played', async () => {
    await state.play();
    video.readyState = HAVE_METADATA;
    video.pause();
    expect(video.plays).toBe(2);
    expect(state.wantsToPlay).toBe(true);
  });

  it('takes a pause by the browser’s own controls for the person’s wish', async () => {
    await play();
    video.pause();
    video.tell('canplay');
    expect(state.wantsToPlay).toBe(false);
    expect(video.plays).toBe(1);
  });

  it('takes no end of the stream for the person’s wish', async () => {
    await play();
    video.ended = true;
    video.pause();
    expect(state.wantsToPlay).toBe(true);
  });

  it('plays again after another load what had played before', async () => {
    await play();
    video.paused = true;
    video.tell('emptied', 'loadedmetadata');
    expect(video.plays).toBe(2);
  });

  it('is silent where the policy wants that, until it is unmuted', async () => {
    video.allows = 'muted';
    await state.play();
    expect(state).toMatchObject({ mutedByPolicy: true, muted: true, autoplayBlocked: false });
    state.setMuted(false);
    expect(state).toMatchObject({ mutedByPolicy: false, muted: false });
  });

  it('does not ask again, and does not buffer, where the policy wants a click', async () => {
    video.allows = 'nothing';
    await state.play();
    const { plays } = video;
    video.readyState = HAVE_FUTURE_DATA;
    video.tell('loadedmetadata', 'canplay');
    expect(video.plays).toBe(plays);
    expect(state).toMatchObject({ autoplayBlocked: true, buffering: false, mutedByPolicy: false });
    video.allows = 'all';
    await play();
    expect(state).toMatchObject({ autoplayBlocked: false, playing: true });
  });

  it('keeps the wish when the media is taken away, and forgets it when told', async () => {
    await play();
    state.reset();
    expect(state).toMatchObject({ wantsToPlay: true, hasFrame: false, buffering: true });
    state.forget();
    expect(state).toMatchObject({ wantsToPlay: false, buffering: false });
  });

  it('listens no more to an element that was given back', async () => {
    await play();
    state.release();
    video.tell('waiting');
    expect(events).toEqual(['playing']);
    expect(state.paused).toBe(true);
  });
});
