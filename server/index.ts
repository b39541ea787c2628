/**
 * The server: live streams in over WebSocket, low-latency HLS out, as a Hono app for any runtime. It needs
 * web standards only; what it takes from a runtime (WebSockets, a transcoder, files) is given to it.
 *
 * @module
 */
import type { Hono } from 'hono';
import type { UpgradeWebSocket } from 'hono/ws';
import { Access } from './access/access.js';
import type { Authorize } from './access/app-authority.js';
import { memoryKeyStore, type KeyStore } from './access/key-store.js';
import { checkOriginList } from './access/origins.js';
import { StreamKeys } from './access/stream-keys.js';
import type { TokenOptions } from './access/tokens.js';
import { createApp } from './app.js';
import { AacRendition } from './ingest/aac-rendition.js';
import { Publishers } from './ingest/publishers.js';
import { StateKeeper } from './ingest/state-keeper.js';
import type { TranscoderFactory } from './ingest/transcoder.js';
import {
  defaultLimits,
  defaultPackaging,
  resolveOptions,
  silentLogger,
  type Limits,
  type Logger,
  type PackagingOptions,
} from './options.js';
import { CloseCode } from './protocol.js';
import type { AssetStore } from './routes/pages.js';
import { IdleConnections } from './routes/idle-connections.js';
import type { ReadyAnswers } from './routes/ready-answers.js';
import { payloadLimit } from './routes/connection.js';
import { Connections } from './routes/connections.js';
import type { ClientAddress } from './routes/socket.js';
import { Audience } from './streams/audience.js';
import type { DeriveRendition } from './streams/derived-rendition.js';
import { Quota } from './streams/quota.js';
import { Refusals } from './streams/refusals.js';
import type { StreamStateStore } from './streams/stream-state.js';
import { Streams } from './streams/streams.js';

export type { Authorize, AuthorizeRequest } from './access/app-authority.js';
export { memoryKeyStore } from './access/key-store.js';
export type { KeyStore, KeyStoreState, StreamKeyRecord } from './access/key-store.js';
export type { KeyProof } from './access/stream-key.js';
export { StreamKeys, UnknownKeyError } from './access/stream-keys.js';
export type { CreatedStreamKey, NewStreamKey, StreamKeyInfo } from './access/stream-keys.js';
export { mintToken } from './access/tokens.js';
export type { TokenClaims, TokenOptions, TokenScope } from './access/tokens.js';
export { LivestreamError, PlaybackError } from './errors.js';
export { TranscoderUnavailable } from './ingest/transcoder.js';
export type {
  Transcoder,
  TranscoderEvents,
  TranscoderFactory,
  TranscoderInput,
} from './ingest/transcoder.js';
export { defaultLimits, defaultPackaging } from './options.js';
export type { Limits, Logger, PackagingOptions } from './options.js';
export type { Asset, AssetStore } from './routes/pages.js';
export type { ReadyAnswer, ReadyAnswers } from './routes/ready-answers.js';
export type { ClientAddress } from './routes/socket.js';
export type { RenditionPosition } from './streams/rendition.js';
export type { StreamState, StreamStateStore } from './streams/stream-state.js';

/** Options of {@link createLivestream}. */
export interface LivestreamOptions {
  /**
   * Hono's WebSocket helper for the runtime: that of `@hono/node-server`, `@hono/node-ws`, `hono/bun`,
   * `hono/deno` or `hono/cloudflare-workers`.
   */
  upgradeWebSocket: UpgradeWebSocket;
  /** Turns containers (what MediaRecorder sends) into samples. Without it they are refused. */
  transcoder?: TranscoderFactory;
  /** The widget's script and the demo. Without it only streams are served. */
  assets?: AssetStore;
  /**
   * Keys that let their holders publish, and sign tokens; from those, one of fewer than 32 characters can be guessed. Where there are none, nor any of {@link keyStore},
   * {@link adminKey}, {@link tokens} and {@link authorize}, anyone who reaches the server may publish.
   */
  streamKeys?: readonly string[];
  /** Where keys are kept that are made, rotated and revoked while the server runs. Default: in memory. */
  keyStore?: KeyStore;
  /** Lets programs make, rotate and revoke keys at `/api/keys`: at least 16 characters. Default: nobody may. */
  adminKey?: string | undefined;
  /** Publish and playback tokens that others sign: by a shared secret, or by keys of a JWK Set. */
  tokens?: TokenOptions | undefined;
  /** `private`: viewers of every stream need a token. Default `public`: of those alone whose publisher or key says so. */
  playback?: 'public' | 'private';
  /** An app's own word on who may publish and play. */
  authorize?: Authorize;
  /**
   * Web origins whose pages may publish, such as `https://app.example`; the server's own may always. Default: any where keys or
   * tokens are asked for, none but the server's own where `authorize` is, and those of this machine where nothing is.
   */
  publishOrigins?: readonly string[] | undefined;
  /** Web origins whose pages may play. Default: any. */
  playbackOrigins?: readonly string[] | undefined;
  /** Where clients reach this app, its mount path included, when a proxy hides it. Default: as requested. */
  publicUrl?: string;
  /**
   * Where a request's client is, for the limits of an address: on Node `clientAddress()` of `livedrop/node`. Default: nobody
   * knows, and those limits do not apply.
   */
  clientAddress?: ClientAddress | undefined;
  /**
   * Pages tell browsers to come to this host by HTTPS alone (RFC 6797). It holds for all that the host serves, for a year: `serve`
   * does so where it has a certificate and is not on loopback. Default false.
   */
  hsts?: boolean;
  /**
   * Where streams' states are kept, so that the next process goes on with the streams of one that died or was stopped; one process
   * a store. Default: nowhere.
   */
  states?: StreamStateStore;
  /** Default: silent. */
  logger?: Logger;
  packaging?: Partial<PackagingOptions>;
  limits?: Partial<Limits>;
}

/** A livestream server that is not listening yet. */
export interface Livestream {
  /** Serve it, or mount it: `parent.route('/live', livestream.app)`. */
  app: Hono;
  /**
   * What the app would answer that is there already, for runtimes whose own server is quicker than one that takes a `Request` and
   * gives a `Response`: Node's is, twice.
   */
  ready: ReadyAnswers;
  /** The keys in the {@link LivestreamOptions.keyStore}. */
  keys: StreamKeys;
  /** What the runtime's WebSocket server should be created with. */
  websocket: { maxPayload: number; perMessageDeflate: false };
  /**
   * Judges a message that has not ended, which Hono does not tell of: of one that is never to end a client could send as much as a
   * socket takes, on as many sockets as it can open. On Node `boundMessages()` of `livedrop/node` asks.
   * @param socket the runtime's own, Hono's `WSContext.raw`
   * @param bytes that it takes by now
   * @returns false: the client was told why, and nothing more is to be read of it
   */
  allowsUnfinished(socket: unknown, bytes: number): boolean;
  /**
   * Counts a control frame (RFC 6455 §5.5), which Hono does not tell of, as one of the messages that `maxCommandRate` bounds: whoever
   * pings is answered, and a pong that nobody asked for is read like any message. On Node `boundMessages()` of `livedrop/node` tells.
   * @param socket the runtime's own, Hono's `WSContext.raw`
   */
  countControl(socket: unknown): void;
  /**
   * Reads nothing more of a WebSocket for now, where the runtime can do that.
   * @param socket the runtime's own, Hono's `WSContext.raw`
   * @returns reads on, unless there is another reason not to
   */
  pauseReading(socket: unknown): () => void;
  /**
   * Counts, in `/metrics`, what a limit of the runtime's server refused.
   * @param limit its name: one of a few words
   */
  countRefusal(limit: string): void;
  /** Publishes what was received, tells publishers and viewers, and closes their sockets. */
  close(options?: CloseOptions): Promise<void>;
}

/** How a server stops. */
export interface CloseOptions {
  /**
   * Another process takes this one's place: playlists do not end, and publishers and viewers are told to come back.
   * Default: whether streams' states are kept. Else streams end, and their playlists.
   */
  restarting?: boolean | undefined;
}

/** A shorter admin key can be guessed. */
const MIN_ADMIN_KEY = 16;

/** Longest wait of a timer, milliseconds. */
const MAX_TIMER = 2_147_483_647;

/** Seconds until a viewer, or a request that would wait, may come again: others leave all the time. */
const VIEWER_RETRY_AFTER = 5;
const WAITING_RETRY_AFTER = 1;

/**
 * Creates a livestream server.
 * @throws RangeError when an option is out of its range
 */
export function createLivestream(options: LivestreamOptions): Livestream {
  const packaging = resolveOptions(defaultPackaging, options.packaging);
  const limits = resolveOptions(defaultLimits, options.limits);
  const logger = options.logger ?? silentLogger;
  const audience = new Audience();
  const { transcoder } = options;
  const derive: DeriveRendition = (source, streamId) =>
    transcoder &&
    new AacRendition(source, {
      ...{ streamId, packaging, limits, transcoders: transcoder, logger },
      onFault: (fault) => streams.get(streamId)?.countTranscoderFault(fault),
      onDrop: (drop) => streams.get(streamId)?.countDerivedFault(drop),
    });
  const keys = new StreamKeys(options.keyStore ?? memoryKeyStore());
  const refusals = new Refusals();
  const quotas = {
    viewers: new Quota(
      'viewers',
      { all: 'maxViewers', perAddress: 'maxViewersPerAddress' },
      limits,
      VIEWER_RETRY_AFTER,
    ),
    liveViewers: new Quota(
      'viewers of live.mp4',
      { all: 'maxLiveViewers', perAddress: 'maxLiveViewersPerAddress' },
      limits,
      VIEWER_RETRY_AFTER,
    ),
    waiting: new Quota(
      'requests that wait',
      {
        all: 'maxWaitingRequests',
        perStream: 'maxWaitingRequestsPerStream',
        perAddress: 'maxWaitingRequestsPerAddress',
      },
      limits,
      WAITING_RETRY_AFTER,
    ),
    asking: new Quota(
      'questions that the app has not answered',
      { all: 'maxAuthorizing', perAddress: 'maxAuthorizingPerAddress' },
      limits,
      WAITING_RETRY_AFTER,
    ),
    idle: new IdleConnections(limits),
  };
  const access = createAccess(options, keys, limits, logger, refusals, quotas.asking);
  const streams = new Streams(packaging, limits, audience, derive, refusals);
  const keeper = options.states && new StateKeeper(options.states, logger);
  const publishers = new Publishers({
    playback: options.playback ?? 'public',
    stands: (grant) => access.stands(grant),
    streams,
    audience,
    limits,
    refusals,
    packaging,
    logger,
    transcoders: transcoder,
    keeper,
  });
  const stopWatchingKeys = watchKeys(
    keys,
    () => {
      access.keysChanged();
      publishers.endRevoked();
    },
    (error) =>
      logger.error({ err: error }, 'the stream keys could not be read; the last known ones are used'),
  );
  for (const state of keeper?.load(limits, packaging) ?? []) publishers.adopt(state);
  const connections = new Connections();
  let closing: Promise<void> | undefined;

  const { app, ready } = createApp({
    upgradeWebSocket: options.upgradeWebSocket,
    services: {
      ...{ streams, audience, publishers, access, limits, refusals, logger, ...quotas },
      clientAddress: options.clientAddress ?? (() => undefined),
      used,
    },
    connections,
    assets: options.assets,
    publicUrl: options.publicUrl,
    api: { keys, adminKey: options.adminKey, limits, logger },
    playbackOrigins: options.playbackOrigins,
    hsts: options.hsts ?? false,
    isClosing: () => closing !== undefined,
  });

  function used(): Map<keyof Limits, number> {
    return new Map<keyof Limits, number>([
      ['maxStreams', streams.liveCount],
      ['maxStreamsPerAddress', publishers.mostPerAddress],
      ['maxTotalBytes', streams.bytes],
      ...Object.values(quotas).flatMap((quota) => [...quota.used]),
    ]);
  }

  async function close({ restarting = options.states !== undefined }: CloseOptions): Promise<void> {
    stopWatchingKeys();
    await publishers.close(restarting);
    const [code, reason] = restarting
      ? [CloseCode.SERVICE_RESTART, 'the server restarts']
      : [CloseCode.GOING_AWAY, 'the server is shutting down'];
    for (const connection of connections) connection.close(code, reason);
    audience.clear();
    streams.close();
  }

  return {
    app,
    ready,
    keys,
    websocket: { maxPayload: payloadLimit(limits.maxMessageBytes), perMessageDeflate: false },
    allowsUnfinished: (socket, bytes) => connections.of(socket)?.allowsUnfinished(bytes) ?? true,
    countControl: (socket) => connections.of(socket)?.countControl(),
    pauseReading: (socket) => {
      const connection = connections.of(socket);
      connection?.pause();
      return () => connection?.resume();
    },
    countRefusal: (limit) => refusals.count(limit),
    close: (how = {}) => (closing ??= close(how)),
  };
}

/** @throws RangeError naming the option that is wrong */
function createAccess(
  options: LivestreamOptions,
  stored: StreamKeys,
  limits: Limits,
  logger: Logger,
  refusals: Refusals,
  asking: Quota,
): Access {
  const { adminKey, publishOrigins, playbackOrigins, publicUrl, playback = 'public' } = options;
  if (adminKey !== undefined && adminKey.length < MIN_ADMIN_KEY) {
    throw new RangeError(`adminKey is shorter than ${MIN_ADMIN_KEY} characters; make one of random digits`);
  }
  if (playback !== 'public' && playback !== 'private') {
    throw new RangeError(`playback is '${String(playback)}'; give 'public' or 'private'`);
  }
  checkOriginList('publishOrigins', publishOrigins);
  checkOriginList('playbackOrigins', playbackOrigins);
  return new Access({
    ...limits,
    streamKeys: options.streamKeys ?? [],
    stored,
    tokens: options.tokens,
    adminKey,
    authorize: options.authorize,
    playback,
    origins: { publishOrigins, publicUrl },
    logger,
    asking,
    clientAddress: options.clientAddress,
    onLate: () => refusals.count('authorizeTime'),
  });
}

/**
 * Tells when a key may have ceased to be taken: by a change, or because its overlap is over.
 * @returns stops it
 */
function watchKeys(keys: StreamKeys, onChange: () => void, onError: (error: unknown) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = (): void => {
    onChange();
    clearTimeout(timer);
    const next = keys.nextExpiry;
    if (next !== undefined)
      timer = setTimeout(changed, Math.min(Math.max(0, next - Date.now()) + 1, MAX_TIMER));
  };
  const stop = keys.watch(changed, onError);
  keys.refresh().then(changed, onError);
  return () => {
    stop();
    clearTimeout(timer);
  };
}
