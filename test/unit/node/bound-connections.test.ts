import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { boundConnections } from '../../../server/node/bound-connections.js';
import { connectionAddress } from '../../../server/node/client-address.js';
import { defaultHttpLimits } from '../../../server/node/http-limits.js';

function setUp(isEncrypted = false) {
  const server = new EventEmitter();
  const taken = vi.fn();
  server.on('connection', taken);
  const onRefused = vi.fn();
  const limits = { ...defaultHttpLimits, maxConnections: 5, maxConnectionsPerAddress: 2 };
  const addressOf = connectionAddress(['10.0.0.0/8']);
  boundConnections(server, limits, isEncrypted, addressOf, onRefused);
  const come = (remoteAddress: string) => {
    const own = { remoteAddress, write: vi.fn(), destroySoon: vi.fn(), destroy: vi.fn() };
    const socket = Object.assign(new EventEmitter(), own);
    server.emit('connection', socket);
    return socket;
  };
  return { come, taken, onRefused };
}

it('an address has so many connections, whatever it was given of IPv6, and again when one has ended', () => {
  const { come, taken, onRefused } = setUp();
  const first = come('2001:db8::1');
  come('2001:db8::2');
  const refused = come('2001:db8::3');
  expect(taken).toHaveBeenCalledTimes(2);
  expect(onRefused).toHaveBeenCalledExactlyOnceWith('maxConnectionsPerAddress');
  expect(refused.write).toHaveBeenCalledWith(expect.stringMatching(/^HTTP\/1\.1 429 .*Retry-After: 5/s));
  expect(refused.destroySoon).toHaveBeenCalledOnce();
  come('192.0.2.1');
  first.emit('close');
  come('2001:db8::3');
  expect(taken).toHaveBeenCalledTimes(4);
});

it('this machine and a trusted proxy have as many as there are, and there are so many of all', () => {
  const { come, taken, onRefused } = setUp();
  for (let count = 0; count < 3; count++) come('127.0.0.1');
  for (let count = 0; count < 3; count++) come('10.1.2.3');
  expect(taken).toHaveBeenCalledTimes(5);
  expect(onRefused).toHaveBeenCalledExactlyOnceWith('maxConnections');
});

it('is said nothing over a connection that is to be encrypted', () => {
  const { come } = setUp(true);
  const sockets = Array.from({ length: 3 }, () => come('192.0.2.1'));
  expect(sockets[2]!.write).not.toHaveBeenCalled();
  expect(sockets[2]!.destroy).toHaveBeenCalledOnce();
});
