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
    .map((chunk) => new TextDecoder().decode(chunk))
    .join(' ');

describe('ReplayBuffer', () => {
  it('keeps the header and what came since the last place where reading can start', () => {
    const buffer = given(['one']);
    buffer.cameOut();
    expect(replayOf(buffer)).toBe('header one');
  });

  it('keeps the group before until the next has begun to come out: its end may be in the transcoder', () => {
    const buffer = given(['one']);
    buffer.cameOut();
    buffer.mark();
    buffer.append(bytes('two'));
    expect(replayOf(buffer)).toBe('header one two');
    // One that begins again gives the first group once more.
    buffer.cameOut();
    expect(replayOf(buffer)).toBe('header one two');
    buffer.cameOut();
    buffer.cameOut();
    expect(replayOf(buffer)).toBe('header two');
  });

  it('keeps two groups at most', () => {
    const buffer = given(['one', 'two', 'three', 'four']);
    expect(replayOf(buffer)).toBe('header three four');
    buffer.cameOut();
    buffer.cameOut();
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
});
