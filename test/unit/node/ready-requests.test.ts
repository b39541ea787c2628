import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { withReadyAnswers } from '../../../server/node/ready-requests.js';

const body = new TextEncoder().encode('ready');

it.each([
  ['GET', '/ready?x', 'ready'],
  ['GET', '/other', 'the app'],
  ['POST', '/ready?x', 'the app'],
  ['HEAD', '/ready?x', ''],
  ['GET', '/fails', 'the app'],
])('%s %s is answered by %s', async (method, path, expected) => {
  const asked: unknown[] = [];
  const listener = withReadyAnswers(
    (target, acceptEncoding) => {
      asked.push([target, acceptEncoding]);
      if (target === '/fails') throw new RangeError('Invalid time value');
      return target === '/ready?x' ? { headers: { 'Content-Type': 'text/plain' }, body } : undefined;
    },
    (_request, response) => void response.end('the app'),
  );
  const server = createServer(listener).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = { 'Accept-Encoding': 'gzip' };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    expect(await response.text()).toBe(expected);
    expect(asked).toEqual(method === 'GET' ? [[path, 'gzip']] : []);
    if (expected === 'ready') {
      expect(response.status).toBe(200);
      expect(response.headers.get('Content-Type')).toBe('text/plain');
      expect(response.headers.get('Content-Length')).toBe('5');
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
