import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between clients and a server on this machine, and can fall silent as a network does that is gone without a word. */
export class SilentProxy {
  #links = new Set<{ sockets: readonly Socket[]; isSilent: boolean }>();

  private constructor(private readonly server: Server) {}

  static async start(port: number): Promise<SilentProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new SilentProxy(server);
    server.on('connection', (client) =>
      proxy.#link(client, connect({ port, host: '127.0.0.1', allowHalfOpen: true })),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on nothing passes over the connections that there are, their ends neither. New ones work. */
  fallSilent(): void {
    for (const link of this.#links) link.isSilent = true;
  }

  async close(): Promise<void> {
    for (const { sockets } of this.#links) for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #link(client: Socket, server: Socket): void {
    const link = { sockets: [client, server], isSilent: false };
    this.#links.add(link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (data) => !link.isSilent && to.write(data));
      from.on('end', () => !link.isSilent && to.end());
      from.on('close', () => !link.isSilent && to.destroy());
      from.on('error', () => {});
    }
  }
}
