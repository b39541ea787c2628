/**
 * The server: live streams in over WebSocket, low-latency HLS out, as a Hono app for any runtime. It needs
 * web standards only; what it takes from a runtime (WebSockets, a transcoder, files) is given to it.
 *
 * @module
 */
import type { Hono } from 'hono';
import type { UpgradeWebSocket } from 'hono/ws';
import { keyAccess, openAccess } from './access.js';
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
import type { Connections } from './routes/socket.js';
import { Audience } from './streams/audience.js';
import type { DeriveRendition } from './streams/derived-rendition.js';
import type { StreamStateStore } from './streams/stream-state.js';
import { Streams } from './streams/streams.js';

export type { Access } from './access.js';
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
  /** Keys that let their holders publish. Empty or absent: anyone who reaches the server may. */
  streamKeys?: readonly string[];
  /** Where clients reach this app, its mount path included, when a proxy hides it. Default: as requested. */
  publicUrl?: string;
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
  /** What the runtime's WebSocket server should be created with. */
  websocket: { maxPayload: number; perMessageDeflate: false };
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

/** Messages above the limit but below this still get a typed error rather than a bare close. */
const PAYLOAD_SLACK = 64 * 1024;

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
    });
  const streams = new Streams(packaging, limits, audience, derive);
  const keeper = options.states && new StateKeeper(options.states, logger);
  const publishers = new Publishers({
    streams,
    audience,
    limits,
    packaging,
    logger,
    transcoders: transcoder,
    keeper,
  });
  for (const state of keeper?.load(limits, packaging) ?? []) publishers.adopt(state);
  const access = options.streamKeys?.length ? keyAccess(options.streamKeys) : openAccess;
  const connections: Connections = new Set();
  let closing: Promise<void> | undefined;

  const app = createApp({
    upgradeWebSocket: options.upgradeWebSocket,
    services: { streams, audience, publishers, access, limits, logger },
    connections,
    assets: options.assets,
    publicUrl: options.publicUrl,
    isClosing: () => closing !== undefined,
  });

  async function close({ restarting = options.states !== undefined }: CloseOptions): Promise<void> {
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
    websocket: { maxPayload: limits.maxMessageBytes * 2 + PAYLOAD_SLACK, perMessageDeflate: false },
    close: (how = {}) => (closing ??= close(how)),
  };
}
