import type { Context } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Authorize, AuthorizeRequest } from '../../../server/access/app-authority.js';
import { mint } from '../../helpers/tokens.js';
import { accessOf, contextOf } from './access-of.js';

const SECRET = 'a-shared-secret-of-more-than-32-characters';

const asked: AuthorizeRequest[] = [];
const answer =
  (verdict: unknown): Authorize =>
  (request) => {
    asked.push(request);
    return verdict as boolean;
  };

const applicant = (headers: Record<string, string> = {}, token?: string) => ({
  streamId: 'show',
  token,
  context: contextOf(headers),
});

describe('authorize', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
  });
  afterEach(() => vi.useRealTimers());

  it('is told who wants what, and lets them', async () => {
    const access = accessOf({ authorize: answer(true) });
    await access.authorizePublish({ ...applicant({ Cookie: 'session=1' }, 'a-token'), userId: 'ada' });
    expect(asked[0]).toMatchObject({ action: 'publish', streamId: 'show', token: 'a-token', userId: 'ada' });
    expect(asked[0]!.context.req.header('Cookie')).toBe('session=1');
    await access.authorizePlay(applicant(), undefined);
    expect(asked[1]).toMatchObject({ action: 'play', streamId: 'show' });
  });

  it.each([false, null, 0, 'yes', {}])('refuses by %j, whatever the key', async (verdict) => {
    const access = accessOf({ authorize: answer(verdict), streamKeys: ['key'] });
    const refusal = { code: 'UNAUTHORIZED' };
    await expect(access.authorizePublish(applicant({}, 'key'))).rejects.toMatchObject(refusal);
    await expect(access.authorizePlay(applicant(), { isPrivate: false })).rejects.toMatchObject({
      ...refusal,
      status: 403,
    });
  });

  it('leaves it to keys and tokens where it says nothing', async () => {
    const access = accessOf({ authorize: answer(undefined), streamKeys: ['key'] });
    await expect(access.authorizePublish(applicant({}, 'key'))).resolves.toEqual({});
    await expect(access.authorizePublish(applicant())).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await access.authorizePlay(applicant(), { isPrivate: false });
    await expect(access.authorizePlay(applicant({ Cookie: '2' }), { isPrivate: true })).rejects.toThrow(
      'private',
    );
  });

  it('lets nobody publish by saying nothing where nothing else is asked for', async () => {
    const access = accessOf({ authorize: answer(undefined) });
    await expect(access.authorizePublish(applicant())).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it.each<[string, Authorize]>([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
  ])('refuses when it %s, and tells nobody why', async (_, authorize) => {
    const warn = vi.fn();
    const access = accessOf({ authorize, logger: { debug() {}, info() {}, warn, error() {} } });
    const error: unknown = await access.authorizePublish(applicant()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED' });
    expect((error as Error).message).not.toContain('database');
    expect(warn).toHaveBeenCalledOnce();
  });

  it('refuses when it takes too long', async () => {
    const onLate = vi.fn();
    const access = accessOf({ authorize: () => new Promise(() => {}), authorizeTime: 2, onLate });
    const refused = expect(access.authorizePublish(applicant())).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
    await vi.advanceTimersByTimeAsync(2000);
    await refused;
    expect(onLate).toHaveBeenCalledOnce();
  });

  it('is asked by each viewer once in a while, and by no two as if they were one', async () => {
    const access = accessOf({ authorize: answer(true), authorizeTtl: 10 });
    const play = (headers: Record<string, string>, token?: string) =>
      access.authorizePlay(applicant(headers, token), { isPrivate: true });
    for (let part = 0; part < 5; part++) await play({ Cookie: 'a' });
    expect(asked).toHaveLength(1);
    await play({ Cookie: 'b' });
    await play({ Authorization: 'a' });
    await play({}, 'a');
    await play({});
    expect(asked).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(10_001);
    await play({ Cookie: 'a' });
    expect(asked).toHaveLength(6);
  });

  it('is asked by each that a header of some proxy or an address tells from others', async () => {
    const clientAddress = (context: Context) => context.req.header('X-Test-Address');
    const access = accessOf({ authorize: answer(true), clientAddress });
    const play = (headers: Record<string, string>) => access.authorizePlay(applicant(headers), undefined);
    const visitors: Record<string, string>[] = [
      {},
      { 'Sec-WebSocket-Protocol': 'ada' },
      { 'X-Forwarded-User': 'ada' },
      { 'X-Forwarded-User': 'bob' },
      { 'X-Test-Address': '::1' },
    ];
    for (const headers of visitors) await play(headers);
    expect(asked).toHaveLength(5);
    // The same ones, who ask for something else.
    const request = { Accept: '*/*', Range: 'bytes=0-', 'X-Request-Id': '1', 'Sec-Fetch-Mode': 'cors' };
    for (const headers of visitors) await play({ ...headers, ...request });
    expect(asked).toHaveLength(5);
  });

  it('lets nobody watch for ever: its word holds for a while, and no longer than a token', async () => {
    const access = accessOf({ authorize: answer(true), authorizeTtl: 10 });
    const asksPublic = accessOf({ authorize: answer(undefined), authorizeTtl: 10 });
    const asksPrivate = accessOf({
      ...{ authorize: answer(undefined), authorizeTtl: 10, tokens: { secret: SECRET } },
    });
    const token = await mint({ secret: SECRET, streamId: 'show', expiresIn: 60 });
    const short = await mint({ secret: SECRET, streamId: 'show', expiresIn: 3 });
    const now = Date.now();
    expect((await access.authorizePlay(applicant(), { isPrivate: true })).ends()).toBe(now + 10_000);
    expect((await asksPublic.authorizePlay(applicant(), { isPrivate: false })).ends()).toBe(now + 10_000);
    const endOf = async (given: string) =>
      (await asksPrivate.authorizePlay(applicant({}, given), { isPrivate: true })).ends();
    expect(await endOf(token)).toBe(now + 10_000);
    expect(await endOf(short)).toBeLessThan(now + 10_000);
  });

  it('is asked no more at once than it may, and who comes then is told when to come again', async () => {
    const answers: ((verdict: boolean) => void)[] = [];
    const access = accessOf({
      authorize: () => new Promise((resolve) => answers.push(resolve)),
      clientAddress: (context) => context.req.header('X-Test-Address'),
    });
    const play = (address: string, cookie: string) =>
      access.authorizePlay(applicant({ 'X-Test-Address': address, Cookie: cookie }), undefined);
    const waiting = [play('10.0.0.1', 'a'), play('10.0.0.1', 'b'), play('10.0.0.1', 'b')];
    await expect(play('10.0.0.1', 'c')).rejects.toMatchObject({
      ...{ code: 'RATE_LIMITED', limit: 'maxAuthorizingPerAddress', retryAfter: 1 },
    });
    waiting.push(play('10.0.0.2', 'd'));
    await vi.waitFor(() => expect(answers).toHaveLength(3));
    const publisher = access.authorizePublish(applicant({ 'X-Test-Address': '10.0.0.3' }));
    await expect(publisher).rejects.toMatchObject({ code: 'SERVER_FULL', limit: 'maxAuthorizing' });
    for (const answer of answers) answer(true);
    await Promise.all(waiting);
    const again = play('10.0.0.1', 'c');
    await vi.waitFor(() => expect(answers).toHaveLength(4));
    answers[3]!(true);
    await again;
  });

  it('keeps no more answers than it may', async () => {
    const access = accessOf({ authorize: answer(true), maxPasses: 2 });
    const play = (cookie: string) => access.authorizePlay(applicant({ Cookie: cookie }), undefined);
    for (const cookie of ['a', 'b', 'c', 'a']) await play(cookie);
    expect(asked).toHaveLength(4);
  });

  it('keeps foreign pages from publishing with the cookies of their visitors', async () => {
    const access = accessOf({ authorize: answer(true) });
    const foreign = contextOf({ Origin: 'https://evil.example' }, 'https://app.example/livestream/ws');
    await expect(access.checkOrigin(foreign)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const own = contextOf({ Origin: 'https://app.example' }, 'https://app.example/livestream/ws');
    await access.checkOrigin(own);
  });

  it('is asked again after it failed', async () => {
    const authorize = vi
      .fn<Authorize>()
      .mockRejectedValueOnce(new Error('no database'))
      .mockResolvedValue(true);
    const access = accessOf({ authorize, authorizeTtl: 10 });
    const play = () => access.authorizePlay(applicant({ Cookie: 'a' }), { isPrivate: true });
    await expect(play()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await play();
    await play();
    expect(authorize).toHaveBeenCalledTimes(2);
  });

  it('is asked once for all who ask alike at the same time', async () => {
    const access = accessOf({ authorize: answer(true) });
    const play = () => access.authorizePlay(applicant({ Cookie: 'a' }), { isPrivate: true });
    await Promise.all([play(), play(), play()]);
    expect(asked).toHaveLength(1);
  });
});
