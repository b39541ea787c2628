import { setImmediate as turn } from 'node:timers/promises';
import type { Context, MiddlewareHandler } from 'hono';
import { WSContext, type UpgradeWebSocket, type WSEvents } from 'hono/ws';
import { createLivestream, type Asset, type Livestream, type ReadyAnswers } from '../../server/index.js';
import type { TranscoderFactory } from '../../server/ingest/transcoder.js';
import type { Limits, Logger } from '../../server/options.js';
import { within } from '../bench/deadline.js';
import { checkMessage, CLOSE_CODES } from './answers.js';
import type { ServerMessage } from '../../server/protocol.js';

/** Enough for a client that does nothing wrong and never waits. */
const LIMITS: Partial<Limits> = {
  maxMessageRate: 1_000_000,
  maxCommandRate: 10_000,
  maxBitrate: 1e10,
  liveWaitTime: 0,
  graceTime: 3600,
  silenceTime: 3600,
  maxApiFailures: 1_000_000,
};

/** Of a server, seconds. */
const CLOSING = 5;

/** For one message, milliseconds. */
const PATIENCE = 10_000;

/** Of worlds that have one. */
export const ADMIN_KEY = 'the-admin-key-of-the-fuzzer';

const OPEN = 1;
const CLOSED = 3;

/** Of worlds that have keys: signs tokens for their streams. */
export const TOKEN_SECRET = 'the-secret-of-the-fuzzer-for-tokens-of-playback';

const encoder = new TextEncoder();

/** What comes with the package, as far as its routes go. */
const ASSETS = new Map<string, Asset>(
  [
    ['livedrop.js', 'text/javascript; charset=utf-8'],
    ['assets/hls-1a2b3c4d.js', 'text/javascript; charset=utf-8'],
    ['demo/index.html', 'text/html; charset=utf-8'],
    ['demo/watch.html', 'text/html; charset=utf-8'],
    ['demo/assets/demo-1a2b3c4d.css', 'text/css; charset=utf-8'],
  ].map(([name = '', type = '']) => [
    name,
    { body: encoder.encode(`what ${name} holds `.repeat(100)), type, immutable: name.includes('-1a2b3c4d') },
  ]),
);

/** One end of a WebSocket that never was on a network. */
export class Client {
  readonly received: ServerMessage[] = [];
  closed: { code: number | undefined; reason: string | undefined } | undefined;
  readonly #context: WSContext;

  constructor(
    private readonly events: WSEvents,
    private readonly problems: string[],
  ) {
    const isClosed = (): boolean => this.closed !== undefined;
    this.#context = new WSContext({
      // The server says everything in text.
      send: (data) => this.#onMessage(data as string),
      close: (code, reason) => this.#onClose(code, reason),
      raw: { pause() {}, resume() {} },
      get readyState() {
        return isClosed() ? CLOSED : OPEN;
      },
    });
    events.onOpen?.(new Event('open'), this.#context);
  }

  send(data: string | Uint8Array): void {
    if (this.closed) return;
    const payload = typeof data === 'string' ? data : data.slice().buffer;
    this.events.onMessage?.(new MessageEvent('message', { data: payload }), this.#context);
  }

  /**
   * Resolves when everything that it sent has been handled: messages are handled in order, so the answer to one more comes last.
   * @throws Error when that takes longer than anything may
   */
  async settled(): Promise<void> {
    const answered = this.all('clock').length;
    this.send(JSON.stringify({ type: 'clock', sent: 0 }));
    const end = performance.now() + PATIENCE;
    while (!this.closed && this.all('clock').length === answered) {
      if (performance.now() > end) throw new Error('a message was never handled');
      await turn();
    }
  }

  /** It is gone without a word. */
  vanish(): void {
    if (!this.closed) this.#onClose(1006, '');
  }

  /** The messages of a type. */
  all<Type extends ServerMessage['type']>(type: Type): Extract<ServerMessage, { type: Type }>[] {
    return this.received.filter((each): each is Extract<ServerMessage, { type: Type }> => each.type === type);
  }

  #onMessage(text: string): void {
    const message = JSON.parse(text) as ServerMessage;
    this.problems.push(...checkMessage(message));
    this.received.push(message);
  }

  #onClose(code: number | undefined, reason: string | undefined): void {
    if (this.closed) return;
    if (code !== 1006 && !CLOSE_CODES.has(code ?? 0)) this.problems.push(`closed with ${code} (${reason})`);
    if (new TextEncoder().encode(reason ?? '').length > 123) this.problems.push('a close reason is too long');
    this.closed = { code, reason };
    this.events.onClose?.({} as CloseEvent, this.#context);
  }
}

export interface WorldOptions {
  /** Publishing takes a key, made by whoever has the {@link ADMIN_KEY}. Default: anyone may publish. */
  hasKeys?: boolean;
  transcoder?: TranscoderFactory;
  limits?: Partial<Limits>;
}

/** A server in this process that is on no network. What goes wrong in it is written down, not thrown. */
export class World {
  readonly problems: string[] = [];
  readonly #livestream: Livestream;
  #opened: WSEvents | undefined;

  private constructor(private readonly options: WorldOptions) {
    const log = (fields: object, message: string): void => {
      const { err } = fields as { err?: Error };
      this.problems.push(`${message}: ${err?.stack ?? JSON.stringify(fields)}`);
    };
    const logger: Logger = { debug() {}, info() {}, warn() {}, error: log };
    const upgradeWebSocket = ((
        createEvents: (c: Context) => WSEvents | Promise<WSEvents>,
      ): MiddlewareHandler =>
      async (c, next) => {
        if (c.req.header('Upgrade') !== 'websocket') return next();
        this.#opened = await createEvents(c);
        return c.body(null, 204);
      }) as UpgradeWebSocket;
    this.#livestream = createLivestream({
      upgradeWebSocket,
      logger,
      assets: { read: (name) => Promise.resolve(ASSETS.get(name)) },
      ...(options.hasKeys && { adminKey: ADMIN_KEY, tokens: { secret: TOKEN_SECRET } }),
      limits: { ...LIMITS, ...options.limits },
      packaging: { windowSegments: 60 },
      ...(options.transcoder && { transcoder: options.transcoder }),
    });
  }

  /**
   * Plays in a world of its own, which ends with it.
   * @throws Error when anything went wrong in it
   */
  static async use(options: WorldOptions, play: (world: World) => Promise<void>): Promise<void> {
    const world = new World(options);
    try {
      await play(world);
    } catch (error) {
      await world.#close().catch((closing: Error) => world.problems.push(closing.message));
      if (world.problems.length === 0) throw error;
      // What the server said of it tells more than what came of it.
      throw new Error([(error as Error).message, ...world.problems.slice(0, 5)].join('\n'), { cause: error });
    }
    await world.#close();
    world.assert();
  }

  async connect(): Promise<Client> {
    await this.request('/livestream/ws', { headers: { Upgrade: 'websocket' } });
    const client = new Client(this.#opened!, this.problems);
    this.#opened = undefined;
    return client;
  }

  /** A key to publish with, where one is needed. */
  async streamKey(): Promise<string | undefined> {
    if (!this.options.hasKeys) return undefined;
    const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
    const response = await this.request('/api/keys', { method: 'POST', headers, body: '{}' });
    return ((await response.json()) as { streamKey: string }).streamKey;
  }

  /** Asks for a path. */
  async request(path: string, init?: RequestInit): Promise<Response> {
    return this.#livestream.app.request(`http://fuzz.test${path}`, init);
  }

  /** What the server has for a path before the app is asked, see `ReadyAnswers`. */
  get ready(): ReadyAnswers {
    return this.#livestream.ready;
  }

  /** The text of an answer, whatever its status. */
  async text(path: string): Promise<string> {
    return (await this.request(path)).text();
  }

  #close(): Promise<void> {
    return within(CLOSING, "the server's shutdown", this.#livestream.close());
  }

  /** @throws Error when anything went wrong so far */
  assert(): void {
    if (this.problems.length > 0) throw new Error(this.problems.slice(0, 5).join('\n'));
  }
}
