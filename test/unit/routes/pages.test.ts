import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createLivestream, type AssetStore } from '../../../server/index.js';

const script = new TextEncoder().encode('export {};\n'.repeat(500));
const files: AssetStore = {
  read: (name) => {
    const type = {
      'livedrop.js': 'text/javascript',
      'demo/index.html': 'text/html',
      'demo/a.png': 'image/png',
    }[name];
    return Promise.resolve(type === undefined ? undefined : { body: script, type, immutable: false });
  },
};
const upgradeWebSocket = () => (_c: unknown, next: () => Promise<void>) => next();
const { app } = createLivestream({ upgradeWebSocket: upgradeWebSocket as never, assets: files });
const mounted = new Hono().route('/live', app);

describe('pages', () => {
  it('lead from the root to the demo, wherever the app is mounted', async () => {
    expect((await app.request('/')).headers.get('Location')).toBe('/demo/');
    expect((await mounted.request('/live')).headers.get('Location')).toBe('/live/demo/');
    expect((await mounted.request('/live/demo')).headers.get('Location')).toBe('/live/demo/');
    expect((await app.request('/demo/')).headers.get('Content-Type')).toBe('text/html');
  });

  it('send the widget compressed, and not again while it is the same', async () => {
    const first = await app.request('/livedrop.js', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(first.headers.get('Content-Encoding')).toBe('gzip');
    expect((await first.arrayBuffer()).byteLength).toBeLessThan(script.length / 5);
    const headers = { 'Accept-Encoding': 'gzip', 'If-None-Match': first.headers.get('ETag')! };
    expect((await app.request('/livedrop.js', { headers })).status).toBe(304);
    expect((await app.request('/livedrop.js')).headers.get('Access-Control-Allow-Origin')).toBe('*');
  });

  it('leave pictures as they are', async () => {
    const picture = await app.request('/demo/a.png', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(picture.headers.get('Content-Encoding')).toBeNull();
  });

  it('say in words that a WebSocket is meant', async () => {
    const answer = await app.request('/livestream/ws');
    expect(answer.status).toBe(426);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  });

  it('answer a preflight request of any origin', async () => {
    const answer = await app.request('/livestream/a/stream.m3u8', {
      method: 'OPTIONS',
      headers: { Origin: 'null' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('Access-Control-Allow-Headers')).toBe('*');
  });

  it.each(['/embed/a%2Fb', '/embed/%3Cscript%3E', '/demo/nothing.html'])('know no %s', async (path) => {
    expect((await app.request(path)).status).toBe(404);
  });

  it('come with the headers of a careful service', async () => {
    const headersOf = async (path: string) =>
      Object.fromEntries((await app.request(path, { headers: { Host: 'live.example:8443' } })).headers);
    const everywhere = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };
    for (const path of ['/demo/', '/embed/a', '/livedrop.js', '/demo/a.png', '/livestream/a', '/healthz']) {
      const headers = await headersOf(path);
      expect(headers).toMatchObject({ ...everywhere, 'cross-origin-resource-policy': 'cross-origin' });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('strict-transport-security');
    }
    const demo = await headersOf('/demo/');
    expect(demo['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; " +
        "worker-src 'self'; connect-src 'self' ws://live.example:8443 wss://live.example:8443; " +
        "frame-ancestors 'self'; base-uri 'none'; form-action 'self'",
    );
    expect(demo['permissions-policy']).toMatch(
      /^camera=\(self\), microphone=\(self\), display-capture=\(self\)/,
    );
    const embed = await headersOf('/embed/a');
    expect(embed['content-security-policy']).not.toContain('frame-ancestors');
    expect(embed['content-security-policy']).toMatch(/style-src 'self' 'sha256-[\w+/]{43}='/);
    expect(embed['permissions-policy']).toMatch(/^camera=\(\), microphone=\(\)/);
    expect(await headersOf('/livedrop.js')).not.toHaveProperty('content-security-policy');
  });

  it('let nobody frame the player but those who may play', async () => {
    const playbackOrigins = ['https://app.example', 'null'];
    const options = { upgradeWebSocket: upgradeWebSocket as never, assets: files, playbackOrigins };
    const { headers } = await createLivestream(options).app.request('/embed/a');
    expect(headers.get('Content-Security-Policy')).toContain(
      "; frame-ancestors 'self' https://app.example; base-uri",
    );
  });

  it('let nobody frame the player of a stream but those whom its key names, before it has started too', async () => {
    const options = { upgradeWebSocket: upgradeWebSocket as never, assets: files };
    const { app: own, keys } = createLivestream(options);
    await keys.create({ streamIds: ['a'], playbackOrigins: ['https://app.example'] });
    const policyOf = async (id: string) =>
      (await own.request(`/embed/${id}`)).headers.get('Content-Security-Policy');
    expect(await policyOf('a')).toContain("; frame-ancestors 'self' https://app.example; base-uri");
    expect(await policyOf('b')).not.toContain('frame-ancestors');
  });

  it('let no Host header into their policy', async () => {
    for (const host of ["a; script-src 'unsafe-inline'", 'a b', 'a,b']) {
      const { headers } = await app.request('/embed/a', { headers: { Host: host } });
      expect(headers.get('Content-Security-Policy')).toMatch(/connect-src 'self'; base-uri/);
    }
  });

  it('tell browsers to come by HTTPS alone where that is wanted', async () => {
    const options = { upgradeWebSocket: upgradeWebSocket as never, assets: files, hsts: true };
    const { headers } = await createLivestream(options).app.request('/demo/');
    expect(headers.get('Strict-Transport-Security')).toBe('max-age=31536000');
  });

  it('embed the player of a stream', async () => {
    expect(await (await app.request('/embed/my-show')).text()).toContain(
      '<live-player stream-id="my-show" muted>',
    );
  });

  it('embed the player of a private stream, and nothing that is no token', async () => {
    const page = await app.request('/embed/my-show?token=a.b-c_d');
    expect(await page.text()).toContain('<live-player stream-id="my-show" token="a.b-c_d" muted>');
    for (const token of ['%22%3E%3Cscript%3E', 'a%20b', "a'b", '']) {
      expect((await app.request(`/embed/my-show?token=${token}`)).status, token).toBe(400);
    }
    expect((await app.request(`/embed/my-show?token=${'x'.repeat(8193)}`)).status).toBe(414);
  });
});
