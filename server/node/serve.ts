import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { upgradeWebSocket } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import {
  createLivestream,
  type AssetStore,
  type CloseOptions,
  type KeyStore,
  type LivestreamOptions,
  type TranscoderFactory,
} from '../index.js';
import { widgetAssets } from './assets.js';
import { readCertificate } from './certificate.js';
import { boundMessages } from './bound-messages.js';
import { clientAddress, connectionAddress } from './client-address.js';
import { ffmpegTranscoder } from './ffmpeg-transcoder.js';
import { findFfmpeg } from './find-ffmpeg.js';
import { DEFAULT_HEARTBEAT, startHeartbeat } from './heartbeat.js';
import { GracefulClose } from './graceful-close.js';
import { resolveHttpLimits, type HttpLimits } from './http-limits.js';
import { keyFile } from './key-file.js';
import { createHttpServer, type HttpServer } from './http-server.js';
import { browserUrl, checkListenAddress, DEFAULT_HOST, isLoopback } from './listen-address.js';
import { StateFile } from './state-file.js';

/** Options of {@link serve}. */
export interface ServeOptions
  extends Omit<LivestreamOptions, 'upgradeWebSocket' | 'transcoder' | 'assets'>, Partial<HttpLimits> {
  /** 0 takes a free one. Default 3001. */
  port?: number;
  /** Address to listen on; any but loopback needs stream keys. Default 127.0.0.1. */
  host?: string;
  /** Path of a PEM file: the certificate for HTTPS, with HTTP/2, and its chain. Needs {@link key}. Default: HTTP. */
  certificate?: string | undefined;
  /** Path of a PEM file: the certificate's private key. */
  key?: string | undefined;
  /** Path of the ffmpeg to run. Default: looked for, see `findFfmpeg()`. */
  ffmpegPath?: string | undefined;
  /** Instead of ffmpeg. */
  transcoder?: TranscoderFactory;
  /** Default: the widget and the demo that come with this package. */
  assets?: AssetStore;
  /**
   * Addresses or subnets of proxies that say in `X-Forwarded-For` whom they speak for. Default: none. See `clientAddress()`.
   */
  trustedProxies?: readonly string[];
  /** How long answers under way may take once the server is closing, seconds. Default 3. */
  drainTime?: number;
  /** Between pings of each WebSocket; one from which nothing came by the next is cut, seconds. Default 4. */
  heartbeat?: number;
  /**
   * Where stream keys are kept, see `livedrop keys`, and streams' states, in a file for each port, so that a server that was killed, or
   * stopped, and is started again goes on with its streams. Port 0 counts as one: give two servers that take a free port a directory each.
   * Made where it is missing. Default: nowhere.
   */
  dataDirectory?: string | undefined;
}

/** A server that is listening. */
export interface RunningServer {
  /** For a browser on this machine, without a slash at the end. */
  url: string;
  port: number;
  /**
   * Publishes what was received, leaves viewers a second to get their last parts, lets answers under way finish for the
   * drain time, and closes every connection. Streams end, unless they go on after a restart: see {@link CloseOptions}.
   */
  close(options?: CloseOptions): Promise<void>;
}

export const DEFAULT_PORT = 3001;

/**
 * Serves livestreams with @hono/node-server and ws.
 * @throws RangeError when an option is out of its range; Error when there is no ffmpeg, the certificate or its key cannot be used, the port cannot be had, or the address is refused for want of stream keys, or they cannot be read
 */
export async function serve(options: ServeOptions = {}): Promise<RunningServer> {
  const {
    port = DEFAULT_PORT,
    host = DEFAULT_HOST,
    drainTime = 3,
    heartbeat = DEFAULT_HEARTBEAT,
    dataDirectory,
    certificate,
    key,
    trustedProxies,
    ...livestreamOptions
  } = options;
  const httpLimits = resolveHttpLimits(options);
  checkSeconds('drainTime', drainTime, 0, 300);
  checkSeconds('heartbeat', heartbeat, 0.05, 300);
  const streamKeys = (options.streamKeys ?? []).filter((key) => key !== '');
  const keyStore = options.keyStore ?? (dataDirectory === undefined ? undefined : keyFile(dataDirectory));
  checkListenAddress(host, await asksForAuthority({ ...options, streamKeys }, keyStore));
  const tls = await readCertificate({ certificate, key });
  const states =
    options.states ??
    (dataDirectory && (await StateFile.open(join(dataDirectory, `streams-${port}.json`), options.logger)));
  const livestream = createLivestream({
    // On loopback it would take http://localhost away from every other program on this machine.
    hsts: tls !== undefined && !isLoopback(host),
    clientAddress: clientAddress({ trustedProxies, logger: options.logger }),
    ...livestreamOptions,
    ...(states && { states }),
    streamKeys,
    ...(keyStore && { keyStore }),
    upgradeWebSocket,
    transcoder: options.transcoder ?? (await defaultTranscoder(options)),
    assets: options.assets ?? widgetAssets(),
  });
  const sockets = new WebSocketServer({ noServer: true, ...livestream.websocket });
  boundMessages(sockets, livestream);
  const server = createHttpServer(
    livestream.app,
    sockets,
    tls,
    httpLimits,
    (limit) => livestream.countRefusal(limit),
    livestream.ready,
    connectionAddress(trustedProxies),
  );
  const gracefulClose = new GracefulClose(server, sockets);
  const bound = await listen(server, port, host).catch(async (error: unknown) => {
    await livestream.close();
    throw error;
  });
  const stopHeartbeat = startHeartbeat(sockets, heartbeat);
  let closing: Promise<void> | undefined;
  async function close(how?: CloseOptions): Promise<void> {
    try {
      await livestream.close(how);
    } finally {
      stopHeartbeat();
      await gracefulClose.close(drainTime);
    }
  }
  return {
    url: browserUrl(host, bound, tls ? 'https' : 'http'),
    port: bound,
    close: (how) => (closing ??= close(how)),
  };
}

/** @throws RangeError for a time that is out of its range, seconds */
function checkSeconds(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new RangeError(`${name} is ${value}; give seconds from ${least} to ${most}`);
}

/** Whether publishers need anything at all. @throws Error where the keys cannot be read */
async function asksForAuthority(options: ServeOptions, keyStore: KeyStore | undefined): Promise<boolean> {
  const { streamKeys = [], adminKey, authorize, tokens } = options;
  if (streamKeys.length > 0 || adminKey || authorize || tokens?.secret?.length || tokens?.jwks) return true;
  return (await keyStore?.read())?.keys !== undefined;
}

async function defaultTranscoder({ ffmpegPath, logger }: ServeOptions): Promise<TranscoderFactory> {
  const ffmpeg = await findFfmpeg({ path: ffmpegPath });
  logger?.info({ ...ffmpeg }, 'ffmpeg was found');
  return ffmpegTranscoder({ path: ffmpeg.path, ...(logger && { logger }) });
}

function listen(server: HttpServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, port, host)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function listenFailure(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const otherPort = 'choose another with --port or LIVEDROP_PORT';
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is in use by another program; ${otherPort}`,
    EACCES: `port ${port} may not be used by this user; ${otherPort}, 1024 or above`,
    EADDRNOTAVAIL: `'${host}' is not an address of this machine; choose another with --host`,
    ENOTFOUND: `'${host}' is not an address of this machine; choose another with --host`,
  };
  return new Error(`Not listening: ${reasons[error.code ?? ''] ?? error.message}.`, { cause: error });
}
