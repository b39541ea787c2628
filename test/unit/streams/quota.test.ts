import { describe, expect, it } from 'vitest';
import { LivestreamError } from '../../../server/errors.js';
import { defaultLimits } from '../../../server/options.js';
import { Quota } from '../../../server/streams/quota.js';

const limits = {
  ...defaultLimits,
  maxWaitingRequests: 4,
  maxWaitingRequestsPerStream: 3,
  maxWaitingRequestsPerAddress: 2,
};
const make = (): Quota =>
  new Quota(
    'requests',
    {
      all: 'maxWaitingRequests',
      perStream: 'maxWaitingRequestsPerStream',
      perAddress: 'maxWaitingRequestsPerAddress',
    },
    limits,
    7,
  );

function refusal(action: () => unknown): Partial<LivestreamError> {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(LivestreamError);
    return error as LivestreamError;
  }
  throw new Error('it was not refused');
}

describe('Quota', () => {
  it('refuses an address that has too many, and nobody else', () => {
    const quota = make();
    quota.take({ streamId: 'a', address: '192.0.2.1' });
    quota.take({ streamId: 'b', address: '192.0.2.1' });
    expect(refusal(() => quota.take({ streamId: 'c', address: '192.0.2.1' }))).toMatchObject({
      ...{ code: 'RATE_LIMITED', status: 429, limit: 'maxWaitingRequestsPerAddress', retryAfter: 7 },
      message: 'there are 2 requests of your address, the most there may be; try again in 7 s',
    });
    quota.take({ streamId: 'c', address: '192.0.2.2' });
  });

  it('refuses what is too much for a stream, and for the server, whoever comes', () => {
    const quota = make();
    for (let index = 0; index < 3; index++) quota.take({ streamId: 'a', address: undefined });
    expect(refusal(() => quota.take({ streamId: 'a', address: undefined }))).toMatchObject({
      ...{ code: 'SERVER_FULL', status: 503, limit: 'maxWaitingRequestsPerStream', retryAfter: 7 },
    });
    quota.take({ streamId: 'b', address: undefined });
    expect(refusal(() => quota.take({ streamId: 'c', address: '192.0.2.1' }))).toMatchObject({
      limit: 'maxWaitingRequests',
    });
  });

  it('takes again what was given back, once', () => {
    const quota = make();
    const release = quota.take({ streamId: 'a', address: '192.0.2.1' });
    quota.take({ streamId: 'a', address: '192.0.2.1' });
    release();
    release();
    expect([...quota.used]).toEqual([
      ['maxWaitingRequests', 1],
      ['maxWaitingRequestsPerStream', 1],
      ['maxWaitingRequestsPerAddress', 1],
    ]);
    quota.take({ streamId: 'a', address: '192.0.2.1' });
  });

  it('counts nothing of what it refused', () => {
    const quota = make();
    for (let index = 0; index < 3; index++) quota.take({ streamId: 'a', address: undefined });
    for (let index = 0; index < 9; index++) {
      refusal(() => quota.take({ streamId: 'a', address: '192.0.2.1' }));
    }
    expect(quota.used.get('maxWaitingRequestsPerAddress')).toBe(0);
    expect(quota.used.get('maxWaitingRequests')).toBe(3);
  });
});
