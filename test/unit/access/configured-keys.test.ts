import { SignJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { mintToken } from '../../../server/access/tokens.js';
import { accessOf, CONTEXT } from './access-of.js';

const KEY = 'a-stream-key-of-some-length-0123456789';
const access = accessOf({ streamKeys: ['another-key', KEY] });

interface TokenOptions {
  key?: string;
  alg?: string;
  exp?: string | number;
  sub?: string;
  scope?: string;
}

function token({
  key = KEY,
  alg = 'HS256',
  exp = '5m',
  sub = 'show',
  scope = 'publish',
}: TokenOptions = {}): Promise<string> {
  return new SignJWT({ scope })
    .setProtectedHeader({ alg })
    .setSubject(sub)
    .setExpirationTime(exp)
    .sign(new TextEncoder().encode(key));
}

async function refusal(given: string | undefined): Promise<string> {
  try {
    await access.authorizePublish({ streamId: 'show', token: given, context: CONTEXT });
    return 'accepted';
  } catch (error) {
    expect(error).toMatchObject({ code: 'UNAUTHORIZED' });
    return (error as Error).message;
  }
}

describe('configured keys', () => {
  it('takes any of its keys', async () => {
    expect(await refusal(KEY)).toBe('accepted');
    expect(await refusal('another-key')).toBe('accepted');
  });

  it('takes a publish token signed with a key', async () => {
    expect(await refusal(await token())).toBe('accepted');
    expect(await refusal(await token({ scope: 'watch publish' }))).toBe('accepted');
  });

  it.each<[string, TokenOptions, string]>([
    ['for another stream', { sub: 'other' }, 'another stream'],
    ['of another scope', { scope: 'watch' }, 'scope'],
    ['that has expired', { exp: Math.floor(Date.now() / 1000) - 60 }, 'expired'],
    ['signed with another key', { key: 'x'.repeat(40) }, 'no stream key'],
    ['of another algorithm', { alg: 'HS512', key: KEY.repeat(2) }, 'no stream key'],
  ])('refuses a token %s', async (_what, options, reason) => {
    expect(await refusal(await token(options))).toContain(reason);
  });

  it('refuses a token that nobody signed', async () => {
    const [, payload] = (await token()).split('.');
    const none = `${btoa('{"alg":"none"}').replaceAll('=', '')}.${payload}.`;
    expect(await refusal(none)).toContain('no stream key');
  });

  it.each([undefined, '', 'wrong', KEY.slice(0, -1), `${KEY} `])(
    'refuses %j and does not repeat it',
    async (given) => {
      const message = await refusal(given);
      expect(message).not.toBe('accepted');
      expect(message).not.toContain(KEY.slice(0, -1));
    },
  );
});

it.each([[['']], [['a', undefined as unknown as string]]])('refuses the keys %j', (keys) => {
  expect(() => accessOf({ streamKeys: keys })).toThrow(/streamKeys\[\d\] is empty/);
});

it('asks for nothing where nothing is configured', async () => {
  const anyone = { streamId: 'any', token: undefined, context: CONTEXT };
  await expect(accessOf().authorizePublish(anyone)).resolves.toEqual({});
});

it('keys that could be guessed from a token are warned of, and sign all the same', async () => {
  const warn = vi.fn();
  const short = 'k'.repeat(31);
  const access = accessOf({ streamKeys: [short], logger: { debug() {}, info() {}, warn, error() {} } });
  expect(warn).toHaveBeenCalledOnce();
  const token = await mintToken({ streamId: 'show', scope: 'publish' }, short);
  const applicant = { streamId: 'show', token, context: CONTEXT };
  await expect(access.authorizePublish(applicant)).resolves.toMatchObject({});
});
