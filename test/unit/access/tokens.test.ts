import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JSONWebKeySet, type CryptoKey } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { mintToken, TokenVerifier, type TokenOptions } from '../../../server/access/tokens.js';
import { accessOf, CONTEXT } from './access-of.js';

const SECRET = 'a-shared-secret-of-more-than-32-characters';

let rsa: { privateKey: CryptoKey; publicKey: CryptoKey };
let jwks: JSONWebKeySet;

beforeAll(async () => {
  rsa = await generateKeyPair('RS256', { extractable: true });
  jwks = { keys: [{ ...(await exportJWK(rsa.publicKey)), kid: 'one' }] };
});

const jwt = (header: { alg: string; kid?: string }, claims: Record<string, unknown> = {}) =>
  new SignJWT({
    scope: 'publish',
    sub: 'show',
    exp: Math.floor(Date.now() / 1000) + 60,
    ...claims,
  }).setProtectedHeader(header);

const utf8 = (text: string) => new TextEncoder().encode(text);

function publish(tokens: TokenOptions, token: string) {
  return accessOf({ tokens }).authorizePublish({ streamId: 'show', token, context: CONTEXT });
}

describe('tokens of others', () => {
  it('are taken by a shared secret', async () => {
    const token = await jwt({ alg: 'HS256' }).sign(utf8(SECRET));
    await expect(publish({ secret: ['x'.repeat(32), SECRET] }, token)).resolves.toEqual({});
    await expect(publish({ secret: 'x'.repeat(32) }, token)).rejects.toThrow(
      'no stream key and no publish token',
    );
  });

  it('are taken by a key of a JWK Set', async () => {
    const token = await jwt({ alg: 'RS256', kid: 'one' }).sign(rsa.privateKey);
    await expect(publish({ jwks }, token)).resolves.toEqual({});
    const other = await generateKeyPair('RS256');
    const forged = await jwt({ alg: 'RS256', kid: 'one' }).sign(other.privateKey);
    await expect(publish({ jwks }, forged)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('are not asked for again and again where the JWK Set is, for keys that it does not have', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(jwks));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const access = accessOf({ tokens: { jwks: `http://127.0.0.1:${port}/` } });
    const attempt = async (token: string) =>
      access.authorizePublish({ streamId: 'show', token, context: CONTEXT }).catch((error: unknown) => error);
    expect(await attempt(await jwt({ alg: 'RS256', kid: 'one' }).sign(rsa.privateKey))).toEqual({});
    for (let guess = 0; guess < 20; guess++) {
      const token = await jwt({ alg: 'RS256', kid: `guess-${guess}` }).sign(rsa.privateKey);
      expect(await attempt(token)).toMatchObject({ code: 'UNAUTHORIZED' });
    }
    expect(asked).toBeLessThanOrEqual(2);
    server.close();
  });

  it('are not called wrong where the JWK Set cannot be had', async () => {
    const server = createServer((_request, response) => response.writeHead(500).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const token = await jwt({ alg: 'RS256', kid: 'one' }).sign(rsa.privateKey);
    const refusal = {
      ...{ code: 'UNAUTHORIZED', status: 503, retryAfter: 5 },
      message: expect.stringContaining('cannot be had') as string,
    };
    await expect(publish({ jwks: url }, token)).rejects.toMatchObject(refusal);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(publish({ jwks: url }, token)).rejects.toMatchObject(refusal);
  });

  it.each([
    ['another issuer', { issuer: 'https://id.test' }, { iss: 'https://evil.test' }, "claim 'iss'"],
    ['no audience', { audience: 'live' }, {}, "claim 'aud'"],
  ])('are refused with %s', async (_, options, claims, about) => {
    const token = await jwt({ alg: 'HS256' }, claims).sign(utf8(SECRET));
    await expect(publish({ secret: SECRET, ...options }, token)).rejects.toThrow(about);
  });

  it.each(['sub', 'scope', 'exp'])('are refused without %s', async (claim) => {
    const token = await jwt({ alg: 'HS256' }, { [claim]: undefined }).sign(utf8(SECRET));
    await expect(publish({ secret: SECRET }, token)).rejects.toThrow(`claim '${claim}'`);
  });

  it('cannot be signed with a public key as if it were a secret', async () => {
    const pem = await exportSPKI(rsa.publicKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(jwks.keys[0]), jwks.keys[0]!.n!]) {
      const token = await jwt({ alg: 'HS256', kid: 'one' }).sign(utf8(secret));
      await expect(publish({ jwks, secret: SECRET }, token)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    }
  });

  it('cannot choose not to be verified', async () => {
    const payload = (await jwt({ alg: 'HS256' }).sign(utf8(SECRET))).split('.')[1];
    for (const alg of ['none', 'None', 'NONE', '', 'HS256', 'RS256', 'EdDSA']) {
      const header = Buffer.from(JSON.stringify({ alg, kid: 'one' })).toString('base64url');
      for (const token of [`${header}.${payload}.`, `${header}.${payload}`, `${header}.${payload}.AAAA`]) {
        await expect(publish({ jwks, secret: SECRET }, token)).rejects.toMatchObject({
          code: 'UNAUTHORIZED',
        });
      }
    }
  });

  it.each(['HS384', 'HS512'])('are taken by no other hash than HS256, such as %s', async (alg) => {
    const secret = SECRET.repeat(2);
    await expect(publish({ secret }, await jwt({ alg }).sign(utf8(secret)))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
  });

  it('cannot bring a key of their own', async () => {
    const own = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    const token = await new SignJWT({ scope: 'publish', sub: 'show', exp: 4e9 })
      .setProtectedHeader({ alg: 'ES256', jwk, jku: 'https://evil.test/jwks', kid: '../../etc/passwd' })
      .sign(own.privateKey);
    await expect(publish({ jwks, secret: SECRET }, token)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('must be signed by a secret that nobody guesses', () => {
    expect(() => accessOf({ tokens: { secret: 'short' } })).toThrow('shorter than 32 characters');
    expect(() => accessOf({ tokens: { jwks: 'file:///etc/passwd' } })).toThrow('no http(s) URL');
  });
});

describe('mintToken', () => {
  it.each([0, -1, 86_401, Number.NaN])('makes no token for %s s', async (expiresIn) => {
    await expect(mintToken({ streamId: 'show', scope: 'play', expiresIn }, SECRET)).rejects.toThrow(
      'from 1 to 86400',
    );
  });

  it('makes tokens that are good for five minutes', async () => {
    const verifier = new TokenVerifier({
      streamKeys: [SECRET],
      stored: undefined,
      serverSecret: () => Promise.resolve('none'),
      tokens: undefined,
    });
    const { payload } = (await verifier.verify(await mintToken({ streamId: 'a', scope: 'play' }, SECRET)))!;
    expect(payload.exp - payload.iat!).toBe(300);
  });
});
