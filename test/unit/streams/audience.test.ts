import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerMessage } from '../../../server/protocol.js';
import { Audience } from '../../../server/streams/audience.js';

class Ear {
  heard: ServerMessage[] = [];
  send = (message: ServerMessage) => void this.heard.push(message);
  get counts(): number[] {
    return this.heard.flatMap((message) => (message.type === 'viewer-count' ? [message.count] : []));
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function join(audience: Audience, streamId: string, viewer: Ear): void {
  audience.join(streamId, viewer);
  audience.announceCount(streamId);
}

describe('Audience', () => {
  it('counts viewers, not the publisher', () => {
    const audience = new Audience();
    const publisher = new Ear();
    audience.follow('a', publisher);
    join(audience, 'a', new Ear());
    join(audience, 'b', new Ear());
    expect(audience.count('a')).toBe(1);
    expect(audience.total).toBe(2);
    expect(publisher.counts).toEqual([0, 1]);
  });

  it('counts a viewer who joins twice once', () => {
    const audience = new Audience();
    const viewer = new Ear();
    join(audience, 'a', viewer);
    join(audience, 'a', viewer);
    expect(audience.count('a')).toBe(1);
  });

  it('announces at most twice a second, and the last count always', () => {
    const audience = new Audience();
    const publisher = new Ear();
    audience.follow('a', publisher);
    const viewers = Array.from({ length: 100 }, () => new Ear());
    viewers.forEach((viewer, index) => {
      join(audience, 'a', viewer);
      if (index % 10 === 0) vi.advanceTimersByTime(50);
    });
    vi.advanceTimersByTime(2000);
    expect(publisher.counts.length).toBeLessThanOrEqual(4);
    expect(publisher.counts.at(-1)).toBe(100);
  });

  it('announces the status to all who listen', () => {
    const audience = new Audience();
    const [viewer, publisher, stranger] = [new Ear(), new Ear(), new Ear()];
    join(audience, 'a', viewer);
    audience.follow('a', publisher);
    join(audience, 'b', stranger);
    audience.announceStatus('a', 'live');
    const live = { type: 'stream-status', streamId: 'a', status: 'live' };
    expect(viewer.heard).toContainEqual(live);
    expect(publisher.heard).toContainEqual(live);
    expect(stranger.heard).not.toContainEqual(expect.objectContaining({ type: 'stream-status' }));
  });

  it('keeps no timer for streams that nobody listens to', () => {
    const audience = new Audience();
    const viewer = new Ear();
    join(audience, 'a', viewer);
    audience.leave('a', viewer);
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
