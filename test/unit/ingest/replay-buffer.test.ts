import { describe, expect, it } from 'vitest';
import { ReplayBuffer } from '../../../server/ingest/replay-buffer.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A buffer that was given groups behind a header, each with its place where reading can start before it. */
function given(groups: readonly string[], limit = 100): ReplayBuffer {
  const buffer = new ReplayBuffer(limit);
  buffer.append(bytes('header'));
  for (const group of groups) {
    buffer.mark();
    buffer.append(bytes(group));
  }
  return buffer;
}

const replayOf = (buffer: ReplayBuffer): string =>
  buffer
    .replay()
    .bytes.map((chunk) => new TextDecoder().decode(chunk))
    .join(' ');

describe('ReplayBuffer', () => {
  it('keeps the header and what came since the last place where reading can start', () => {
    const buffer = given(['one']);
    buffer.cameOut(0, true);
    expect(replayOf(buffer)).toBe('header one');
  });

  it('keeps the group before until the next has begun to come out: its end may be in the transcoder', () => {
    const buffer = given(['one']);
    buffer.cameOut(0, true);
    buffer.mark();
    buffer.append(bytes('two'));
    expect(replayOf(buffer)).toBe('header one two');
    // One that begins again gives the first group once more.
    buffer.cameOut(0, true);
    expect(replayOf(buffer)).toBe('header one two');
    buffer.cameOut(0, true);
    buffer.cameOut(0, true);
    expect(replayOf(buffer)).toBe('header two');
  });

  it('keeps two groups at most', () => {
    const buffer = given(['one', 'two', 'three', 'four']);
    expect(replayOf(buffer)).toBe('header three four');
    buffer.cameOut(0, true);
    buffer.cameOut(0, true);
    expect(replayOf(buffer)).toBe('header four');
  });

  it('gives up the group before, then all, rather than keep more than it may', () => {
    const buffer = given(['one', 'two'], 6);
    expect(replayOf(buffer)).toBe('header one two');
    buffer.append(bytes('!'));
    expect(replayOf(buffer)).toBe('header two !');
    buffer.append(bytes('more'));
    expect(replayOf(buffer)).toBe('header');
    buffer.mark();
    buffer.append(bytes('three'));
    expect(replayOf(buffer)).toBe('header three');
  });

  describe('where groups say their time', () => {
    /** Groups of a second each, which come when they are due. */
    function timed(count: number, limit = 1000, from = 500) {
      let now = 0;
      const buffer = new ReplayBuffer(limit, () => now);
      buffer.append(bytes('header'));
      const push = (second: number): void => {
        now = second * 1000;
        buffer.mark(from + second);
        buffer.append(bytes(`g${second}`));
      };
      for (let second = 0; second < count; second++) push(second);
      return { buffer, push };
    }

    it('keeps every group until the next has begun to come out, whatever clock the transcoder has', () => {
      const { buffer } = timed(6);
      expect(replayOf(buffer)).toBe('header g0 g1 g2 g3 g4 g5');
      buffer.cameOut(10, true);
      buffer.cameOut(10.9, false);
      // Sound of the group before may still come.
      buffer.cameOut(12, true);
      buffer.cameOut(12.05, false);
      expect(replayOf(buffer)).toBe('header g1 g2 g3 g4 g5');
      // Another transcoder, which begins with g1.
      buffer.cameOut(0, true);
      buffer.cameOut(2.2, false);
      expect(replayOf(buffer)).toBe('header g3 g4 g5');
    });

    it('does not count key frames, of which there may be more or fewer', () => {
      const { buffer } = timed(4);
      for (let time = 10; time < 11; time += 0.1) buffer.cameOut(time, true);
      expect(replayOf(buffer)).toBe('header g0 g1 g2 g3');
    });

    it('gives the oldest up where there is no room, and tells how much of it did not come out', () => {
      const { buffer } = timed(6, 8);
      expect(buffer.replay()).toMatchObject({ lostBytes: 4 });
      expect(buffer.replay()).toMatchObject({ lostBytes: 0 });
      const all = timed(6, 8).buffer;
      all.cameOut(10, true);
      // It was only late.
      all.cameOut(12.5, false);
      expect(all.replay().lostBytes).toBe(0);
      expect(replayOf(all)).toBe('header g2 g3 g4 g5');
    });

    it('tells when the first of it came; of what came all at once, when it would have come by its times', () => {
      const { buffer } = timed(6);
      expect(buffer.receivedAt).toBe(0);
      buffer.cameOut(10, true);
      buffer.cameOut(13.5, false);
      expect(buffer.receivedAt).toBe(3000);
      let now = 20_000;
      const late = new ReplayBuffer(1000, () => now);
      late.checkpoint();
      for (const time of [1, 2, 3, 4]) {
        late.mark(time);
        late.append(bytes('x'));
      }
      expect(late.receivedAt).toBe(17_000);
      // A clock that jumped says nothing.
      now = 25_000;
      late.mark(5000);
      late.append(bytes('x'));
      expect(late.receivedAt).toBe(17_000);
    });

    it('has no time where there is nothing', () => {
      const empty = new ReplayBuffer(10);
      expect(empty.receivedAt).toBeUndefined();
      expect(empty.place(true)).toBeUndefined();
    });
  });

  it('keeps 4096 groups, however small they are, and counts what it gives up', () => {
    const buffer = new ReplayBuffer(16 * 1024 * 1024);
    buffer.append(bytes('header'));
    for (let time = 0; time < 20_000; time++) {
      buffer.mark(time);
      buffer.append(bytes('one'));
    }
    const { bytes: kept, lostBytes } = buffer.replay();
    expect(kept).toHaveLength(1 + 4096);
    expect(lostBytes).toBe((20_000 - 4096) * 3);
  });
});
