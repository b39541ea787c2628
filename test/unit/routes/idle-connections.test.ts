import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LivestreamError } from '../../../server/errors.js';
import { IdleConnections } from '../../../server/routes/idle-connections.js';

class Connection {
  refusal: LivestreamError | undefined;
  refuse(error: LivestreamError): void {
    this.refusal = error;
  }
}

const limits = { idleTime: 5, maxIdleConnections: 3, maxIdleConnectionsPerAddress: 2 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('IdleConnections', () => {
  it('closes a connection that never says what it wants', () => {
    const idle = new IdleConnections(limits);
    const [silent, speaking] = [new Connection(), new Connection()];
    idle.add(silent, undefined);
    idle.add(speaking, undefined);
    vi.advanceTimersByTime(4999);
    idle.delete(speaking);
    expect(silent.refusal).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(silent.refusal).toMatchObject({ code: 'NOT_STREAMING', limit: 'idleTime' });
    expect(silent.refusal?.message).toContain('for 5 s');
    vi.advanceTimersByTime(60_000);
    expect(speaking.refusal).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets the oldest make way for the newest', () => {
    const idle = new IdleConnections(limits);
    const all = Array.from({ length: 5 }, () => new Connection());
    for (const connection of all) idle.add(connection, undefined);
    expect(all.map(({ refusal }) => refusal?.limit)).toEqual([
      'maxIdleConnections',
      'maxIdleConnections',
      undefined,
      undefined,
      undefined,
    ]);
    expect(all[0]!.refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 5 });
    expect(idle.used.get('maxIdleConnections')).toBe(3);
  });

  it('lets the oldest of an address make way for another of that address', () => {
    const idle = new IdleConnections(limits);
    const [first, second, third, other] = Array.from({ length: 4 }, () => new Connection());
    idle.add(other!, '192.0.2.2');
    for (const connection of [first, second, third]) idle.add(connection!, '192.0.2.1');
    expect(first!.refusal).toMatchObject({ limit: 'maxIdleConnectionsPerAddress' });
    expect([second, third, other].map((each) => each!.refusal)).toEqual([undefined, undefined, undefined]);
    expect(idle.used.get('maxIdleConnectionsPerAddress')).toBe(2);
    for (const connection of [second, third, other]) idle.delete(connection!);
    expect([...idle.used.values()]).toEqual([0, 0]);
  });
});
