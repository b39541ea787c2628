import { BlockList, isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import type { ClientAddress } from '../index.js';
import { silentLogger, type Logger } from '../options.js';
import { isLoopback } from './listen-address.js';

/** Options of {@link clientAddress}. */
export interface ClientAddressOptions {
  /**
   * Addresses, or subnets such as `10.0.0.0/8`, of proxies that say in `X-Forwarded-For` whom they speak for. Default: none, since
   * anyone can send that header.
   */
  trustedProxies?: readonly string[] | undefined;
  /** Told, once, of a proxy that is not trusted. Default: nobody. */
  logger?: Logger | undefined;
}

/** Hops that are looked at: a chain of more proxies is none. */
const MAX_HOPS = 20;

/**
 * Where clients are, for the limits of an address. Of IPv6 it is the network of 64 bits, which is what one client is given.
 * This machine has none: whoever is here does no harm that limits could hold, and a proxy that was not named speaks for all of
 * its clients.
 * @throws RangeError for a trusted proxy that is neither an address nor a subnet
 */
export function clientAddress({ trustedProxies = [], logger }: ClientAddressOptions = {}): ClientAddress {
  const trusted = readTrusted(trustedProxies);
  const noteForwarded = forwardedNote(logger ?? silentLogger);
  return (c) => {
    const { address } = getConnInfo(c).remote;
    if (address === undefined) return undefined;
    if (trusted === undefined || !isIn(trusted, address)) {
      if (!isLoopback(address)) noteForwarded(c, address);
      return network(address);
    }
    return network(forwardedFor(c.req.header('X-Forwarded-For') ?? '', trusted) ?? address);
  };
}

/**
 * Where connections come from, for the limits of an address.
 * @returns undefined for this machine and for trusted proxies, which speak for many
 * @throws RangeError as {@link clientAddress}
 */
export function connectionAddress(
  trustedProxies: readonly string[] = [],
): (socket: { remoteAddress?: string | undefined }) => string | undefined {
  const trusted = readTrusted(trustedProxies);
  return ({ remoteAddress: address }) =>
    address === undefined || (trusted && isIn(trusted, address)) ? undefined : network(address);
}

/** The last address that none of ours vouches for: everything before it may be made up. */
function forwardedFor(header: string, trusted: BlockList): string | undefined {
  let nearest: string | undefined;
  const hops = header.split(',').slice(-MAX_HOPS).reverse();
  for (const hop of hops) {
    const address = withoutPort(hop.trim());
    if (isIP(address) === 0) return nearest;
    nearest = address;
    if (!isIn(trusted, address)) return address;
  }
  return nearest;
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}

function readTrusted(proxies: readonly string[]): BlockList | undefined {
  if (proxies.length === 0) return undefined;
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits, ...rest] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const length = family === 'ipv6' ? 128 : 32;
    const isRight = isIP(address) !== 0 && rest.length === 0 && /^\d+$/.test(bits ?? '0');
    if (!isRight || Number(bits ?? 0) > length) {
      throw new RangeError(
        `trusted proxy '${proxy}' is no address and no subnet; give one such as 10.0.0.1 or 10.0.0.0/8`,
      );
    }
    list.addSubnet(address, Number(bits ?? length), family);
  }
  return list;
}

function isIn(list: BlockList, address: string): boolean {
  const plain = unmapped(address);
  return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** An IPv4 address as a socket of both families has it. */
function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** What limits count by; undefined: this machine. */
function network(address: string): string | undefined {
  const plain = unmapped(address);
  if (isLoopback(plain)) return undefined;
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':') : [];
  if (tail !== undefined)
    groups.push(...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest);
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function forwardedNote(logger: Logger): (c: Context, proxy: string) => void {
  let isNoted = false;
  return (c, proxy) => {
    if (isNoted || c.req.header('X-Forwarded-For') === undefined) return;
    isNoted = true;
    logger.warn(
      { proxy },
      'requests come with X-Forwarded-For from an address that is not a trusted proxy: to the limits all its clients are one; trust it with --trust-proxy',
    );
  };
}
