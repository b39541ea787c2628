import { LivestreamError } from '../errors.js';
import type { Limits } from '../options.js';

/** A connection that can be told why it is closed. */
export interface ClosableConnection {
  refuse(error: LivestreamError): void;
}

interface Idle {
  timer: ReturnType<typeof setTimeout>;
  address: string | undefined;
}

/** Seconds after which a connection that had to make way may come again. */
const RETRY_AFTER = 5;

/**
 * The connections that neither publish nor watch. A client says what it wants as soon as it is connected, so that where there
 * are too many the oldest makes way, and whoever comes to publish or to watch is never shut out by those that say nothing.
 */
export class IdleConnections {
  /** In the order in which they fell idle. */
  #idle = new Map<ClosableConnection, Idle>();
  #byAddress = new Map<string, Set<ClosableConnection>>();

  constructor(
    private readonly limits: Pick<Limits, 'idleTime' | 'maxIdleConnections' | 'maxIdleConnectionsPerAddress'>,
  ) {}

  /** @param address undefined: no limit of an address applies */
  add(connection: ClosableConnection, address: string | undefined): void {
    if (this.#idle.has(connection)) return;
    const { idleTime, maxIdleConnections, maxIdleConnectionsPerAddress } = this.limits;
    const timer = setTimeout(() => this.#expire(connection), idleTime * 1000);
    this.#idle.set(connection, { timer, address });
    if (address !== undefined) {
      const ofAddress = this.#byAddress.get(address) ?? new Set();
      this.#byAddress.set(address, ofAddress.add(connection));
      if (ofAddress.size > maxIdleConnectionsPerAddress)
        this.#evict(ofAddress, 'maxIdleConnectionsPerAddress');
    }
    if (this.#idle.size > maxIdleConnections) this.#evict(this.#idle.keys(), 'maxIdleConnections');
  }

  /** It publishes or watches, or is gone. */
  delete(connection: ClosableConnection): void {
    const { timer, address } = this.#idle.get(connection) ?? {};
    clearTimeout(timer);
    this.#idle.delete(connection);
    if (address === undefined) return;
    const ofAddress = this.#byAddress.get(address);
    ofAddress?.delete(connection);
    if (ofAddress?.size === 0) this.#byAddress.delete(address);
  }

  /** What is used of each limit, by its name; of an address's by the one that has most. */
  get used(): Map<keyof Limits, number> {
    let most = 0;
    for (const { size } of this.#byAddress.values()) most = Math.max(most, size);
    return new Map<keyof Limits, number>([
      ['maxIdleConnections', this.#idle.size],
      ['maxIdleConnectionsPerAddress', most],
    ]);
  }

  #expire(connection: ClosableConnection): void {
    this.delete(connection);
    const message = `neither start-stream nor join-stream for ${this.limits.idleTime} s; connect again when there is one to send`;
    connection.refuse(new LivestreamError('NOT_STREAMING', message, { limit: 'idleTime' }));
  }

  #evict(
    candidates: Iterable<ClosableConnection>,
    limit: 'maxIdleConnections' | 'maxIdleConnectionsPerAddress',
  ): void {
    const [oldest] = candidates;
    if (!oldest) return;
    this.delete(oldest);
    const message = `more than ${this.limits[limit]} connections neither publish nor watch; send start-stream or join-stream at once`;
    oldest.refuse(new LivestreamError('RATE_LIMITED', message, { limit, retryAfter: RETRY_AFTER }));
  }
}
