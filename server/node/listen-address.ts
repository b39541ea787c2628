import { BlockList, isIP } from 'node:net';

/** This machine only, and the same name in every URL. */
export const DEFAULT_HOST = '127.0.0.1';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Without stream keys anyone who reaches the server may publish, so only this machine may reach it.
 * @param asksForAuthority whether publishers need a key, a token or an app's word
 * @throws Error that says so, and how to make a key
 */
export function checkListenAddress(host: string, asksForAuthority: boolean): void {
  if (asksForAuthority || isLoopback(host)) return;
  throw new Error(
    [
      `Not listening on '${host}': no stream key is configured, so anyone who reaches this address could publish.`,
      'Make a key and give it to those who may publish:',
      '  livedrop keys create',
      'Then start again, or leave --host out. A key of your own goes into LIVEDROP_STREAM_KEYS or --stream-key.',
    ].join('\n'),
  );
}

/** The address as people type it into a browser. */
export function browserUrl(host: string, port: number, scheme: 'http' | 'https' = 'http'): string {
  // Unspecified addresses are for listening only; a camera works on localhost without TLS.
  const isHere = isLoopback(host) || host === '0.0.0.0' || host === '::';
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return `${scheme}://${isHere ? 'localhost' : name}:${port}`;
}
