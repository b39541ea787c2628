import type { Limits, PackagingOptions } from '../../server/options.js';

/** How a server under test is set up. Serialisable: it may run in another process. */
export interface ServerSetup {
  limits?: Partial<Limits>;
  packaging?: Partial<PackagingOptions>;
  streamKeys?: string[];
  /** Where it keeps its streams' states. Default: nowhere. */
  dataDirectory?: string;
  adminKey?: string;
  tokens?: { secret?: string };
  playback?: 'public' | 'private';
  publishOrigins?: string[];
  playbackOrigins?: string[];
  /** Whether a request's client is where its `X-Test-Address` says. Default false: nobody knows where. */
  addresses?: boolean;
  /** Whether it has a transcoder. Default true. */
  transcoder?: boolean;
  /** Where livedrop is mounted in the host's app, for example `/live`. Default: the implementation's choice. */
  mountPath?: string;
}

/**
 * A host: an app that has livedrop mounted in it, on some runtime. Beside livedrop it answers
 * `GET /in-progress` with the number of other requests that it has not answered yet, and `POST /shut-down`
 * when livedrop has shut down; it goes on listening.
 */
export interface Host {
  /** Of the host itself, for example `http://127.0.0.1:4711`. */
  origin: string;
  mountPath: string;
  close(): Promise<void>;
}

/** Starts a host on a free port of the loopback interface. */
export type StartHost = (setup: ServerSetup) => Promise<Host>;
