/** Where the server's log lines go; pino's loggers fit. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** How media is cut. Fixed for a stream's life; times in seconds. */
export interface PackagingOptions {
  /**
   * Wanted length of a part; the stream uses the whole number of frames nearest to it. Shorter parts
   * mean less latency and more requests. Default 0.2.
   */
  partDuration: number;
  /** A segment ends at the first key frame from this length on. Default 1. */
  segmentDuration: number;
  /** Between key frames of video that the server encodes. Default 1. */
  keyFrameInterval: number;
  /** Segments in a playlist; at least 6 (HLS authoring specification). Default 10. */
  windowSegments: number;
  /**
   * Most bytes of media kept for one rendition. Two fifths may be listed: what has left the playlist stays as long again. A stream whose
   * six newest segments are more fails. Default 256 MiB: six segments of two seconds at `maxBitrate`.
   */
  windowBytes: number;
}

/** How much and how long; times in seconds. */
export interface Limits {
  /** How long a stream whose publisher's connection broke waits for it to resume. Default 30. */
  graceTime: number;
  /**
   * How long the server itself may have been away, beside the grace time, for the streams that it saved to go on. Default 30.
   */
  restartTime: number;
  /** A publisher that sends nothing for so long is disconnected; it may resume. Default 10. */
  silenceTime: number;
  /** From its first bytes on a stream must give media within this time; of frames, it must go on to give some. Default 8. */
  startTime: number;
  /** How long an ended stream can still be watched to its end. Default 60. */
  endedTime: number;
  /** Largest WebSocket message, bytes. Default 4 MiB. */
  maxMessageBytes: number;
  /** Binary messages a second from one publisher, on average. Default 300. */
  maxMessageRate: number;
  /** Bits a second from one publisher, on average. Default 50,000,000. */
  maxBitrate: number;
  /** Largest text message, bytes; nor may another one be larger of a connection that does not publish. Default 64 KiB. */
  maxTextBytes: number;
  /** Text messages, pings and pongs a second on one connection, on average. Default 20. */
  maxCommandRate: number;
  /** Messages of one connection that may wait for one that takes a while, where its runtime cannot stop to read. Default 1000. */
  maxPendingMessages: number;
  /** Streams at once, those in their grace time included: as many publishers. Default 100. */
  maxStreams: number;
  /** The same for those that come from one address. Default 20. */
  maxStreamsPerAddress: number;
  /** Width × height of video. Default 4096 × 2160. */
  maxPixels: number;
  /** How long a stream may last. Default: without end. */
  maxStreamTime: number;
  /** Viewers who joined over a WebSocket, of all streams; who joined two counts twice. Default 10,000. */
  maxViewers: number;
  /** The same for those at one address: all of a company or a school may share one. Default 1000. */
  maxViewersPerAddress: number;
  /** Streams that one connection may join. Default 100. */
  maxJoins: number;
  /** A connection that neither publishes nor has joined a stream is closed after so long. Default 30. */
  idleTime: number;
  /** How many such connections there may be; one more closes the oldest. Default 1000. */
  maxIdleConnections: number;
  /** The same for those of one address. Default 100. */
  maxIdleConnectionsPerAddress: number;
  /** Bytes that may wait for a connection whose client does not read; then it is cut. Default 1 MiB. */
  maxSocketBacklogBytes: number;
  /** Requests that wait for what is not there yet: blocking reloads, hinted parts, live.mp4. Default 20,000. */
  maxWaitingRequests: number;
  /** The same for one stream. Default 10,000. */
  maxWaitingRequestsPerStream: number;
  /** The same for one address. Default 2000. */
  maxWaitingRequestsPerAddress: number;
  /** Characters of a request's URL; a token may be in it. Default 8192. */
  maxUrlLength: number;
  /**
   * Bytes of media kept for all streams. Above it ended streams are forgotten, then the largest windows give up their oldest
   * segments; new streams are refused while that is not enough. Default 1 GiB.
   */
  maxTotalBytes: number;
  /** How many times in a row a stream's transcoder is started again before the stream fails. Default 5. */
  maxTranscoderRestarts: number;
  /** A transcoder that has input and gives nothing for so long hangs, and is started again. Default 8. */
  transcoderStallTime: number;
  /** How long a transcoder may take to write out what it holds when its input has ended; then what is left is lost. Default 5. */
  transcoderFlushTime: number;
  /** Bits a second that may come out of a stream's transcoder, on average; one that gives more is started again. Default 100,000,000. */
  maxTranscoderBitrate: number;
  /** Bytes kept of a container since the last place where reading can start, for a transcoder that is started again. Default 16 MiB. */
  maxReplayBytes: number;
  /** A rendition that is made on demand, such as AAC for Safari, is made for so long after it was asked for last. Default 30. */
  derivedIdleTime: number;
  /** How long a request for live.mp4 waits for the stream's first key frame. Default 10. */
  liveWaitTime: number;
  /** Responses of live.mp4 at once. Default 10,000. */
  maxLiveViewers: number;
  /** The same for one address. Default 1000. */
  maxLiveViewersPerAddress: number;
  /** Bytes of live.mp4 that may wait for one viewer; one that is further behind is moved to the next key frame. Default 2 MiB. */
  maxLiveBacklogBytes: number;
  /**
   * How often a viewer of live.mp4 is moved to the next key frame before it is disconnected; a minute without is
   * forgiveness. Default 5.
   */
  maxLiveSkips: number;
  /** A viewer of live.mp4 that was moved and stays behind for so long is disconnected. Default 10. */
  liveStallTime: number;
  /**
   * Frames format: a track whose timestamps go farther ahead at once runs on another clock, which viewers see as a
   * discontinuity, and sound so far from the picture belongs to none. Default 10.
   */
  maxFrameGap: number;
  /** Frames format: how far a capture clock may be from the server's clock. Default 300. */
  maxClockSkew: number;
  /** How long an app's `authorize` may take; one that takes longer refuses. Default 5. */
  authorizeTime: number;
  /** How long its answer to a viewer is kept, by token, cookies and `Authorization`. Default 10. */
  authorizeTtl: number;
  /** Questions to it at once that it has not answered. Default 1000. */
  maxAuthorizing: number;
  /** The same for those who come from one address. Default 100. */
  maxAuthorizingPerAddress: number;
  /** Playback tokens, and answers of `authorize`, that are kept; what was forgotten is asked again. Default 100,000. */
  maxPasses: number;
  /** Wrong keys a minute that the API for keys and tokens tells from right ones; then it answers 429. Default 60. */
  maxApiFailures: number;
  /** Bytes of a request's body to that API, which is a few fields. Default 64 KiB. */
  maxApiBodyBytes: number;
}

/** The defaults of {@link PackagingOptions}. */
export const defaultPackaging: PackagingOptions = {
  partDuration: 0.2,
  segmentDuration: 1,
  keyFrameInterval: 1,
  windowSegments: 10,
  windowBytes: 256 * 1024 * 1024,
};

/** The defaults of {@link Limits}. */
export const defaultLimits: Limits = {
  graceTime: 30,
  restartTime: 30,
  silenceTime: 10,
  startTime: 8,
  endedTime: 60,
  maxMessageBytes: 4 * 1024 * 1024,
  maxMessageRate: 300,
  maxBitrate: 50_000_000,
  maxTextBytes: 64 * 1024,
  maxCommandRate: 20,
  maxPendingMessages: 1000,
  maxStreams: 100,
  maxStreamsPerAddress: 20,
  maxPixels: 4096 * 2160,
  maxStreamTime: Infinity,
  maxViewers: 10_000,
  maxViewersPerAddress: 1000,
  maxJoins: 100,
  idleTime: 30,
  maxIdleConnections: 1000,
  maxIdleConnectionsPerAddress: 100,
  maxSocketBacklogBytes: 1024 * 1024,
  maxWaitingRequests: 20_000,
  maxWaitingRequestsPerStream: 10_000,
  maxWaitingRequestsPerAddress: 2000,
  maxUrlLength: 8192,
  maxTotalBytes: 1024 * 1024 * 1024,
  maxTranscoderRestarts: 5,
  transcoderStallTime: 8,
  transcoderFlushTime: 5,
  maxTranscoderBitrate: 100_000_000,
  maxReplayBytes: 16 * 1024 * 1024,
  derivedIdleTime: 30,
  liveWaitTime: 10,
  maxLiveViewers: 10_000,
  maxLiveViewersPerAddress: 1000,
  maxLiveBacklogBytes: 2 * 1024 * 1024,
  maxLiveSkips: 5,
  liveStallTime: 10,
  maxFrameGap: 10,
  maxClockSkew: 300,
  authorizeTime: 5,
  authorizeTtl: 10,
  maxAuthorizing: 1000,
  maxAuthorizingPerAddress: 100,
  maxPasses: 100_000,
  maxApiFailures: 60,
  maxApiBodyBytes: 64 * 1024,
};

/** The smallest and largest value each option may have. */
const RANGES: Record<keyof PackagingOptions | keyof Limits, readonly [number, number]> = {
  partDuration: [0.05, 2],
  segmentDuration: [0.5, 10],
  keyFrameInterval: [0.5, 10],
  windowSegments: [6, 1000],
  windowBytes: [1024 * 1024, Number.MAX_SAFE_INTEGER],
  graceTime: [0, 3600],
  restartTime: [0, 86_400],
  silenceTime: [1, 3600],
  startTime: [1, 60],
  endedTime: [0, 86_400],
  maxMessageBytes: [1024, 256 * 1024 * 1024],
  maxMessageRate: [1, 1_000_000],
  maxBitrate: [1000, Number.MAX_SAFE_INTEGER],
  maxTextBytes: [1024, 16 * 1024 * 1024],
  maxCommandRate: [1, 1_000_000],
  maxPendingMessages: [1, 1_000_000],
  maxStreams: [1, 1_000_000],
  maxStreamsPerAddress: [1, 1_000_000],
  maxPixels: [16 * 16, 16_384 * 16_384],
  maxStreamTime: [1, Infinity],
  maxViewers: [1, 1_000_000],
  maxViewersPerAddress: [1, 1_000_000],
  maxJoins: [1, 1_000_000],
  idleTime: [0.1, 3600],
  maxIdleConnections: [1, 1_000_000],
  maxIdleConnectionsPerAddress: [1, 1_000_000],
  maxSocketBacklogBytes: [16 * 1024, 256 * 1024 * 1024],
  maxWaitingRequests: [1, 1_000_000],
  maxWaitingRequestsPerStream: [1, 1_000_000],
  maxWaitingRequestsPerAddress: [1, 1_000_000],
  maxUrlLength: [256, 65_536],
  maxTotalBytes: [1024 * 1024, Number.MAX_SAFE_INTEGER],
  maxTranscoderRestarts: [0, 1000],
  transcoderStallTime: [1, 300],
  transcoderFlushTime: [0.1, 300],
  maxTranscoderBitrate: [100_000, Number.MAX_SAFE_INTEGER],
  maxReplayBytes: [64 * 1024, 256 * 1024 * 1024],
  derivedIdleTime: [1, 3600],
  liveWaitTime: [0, 300],
  maxLiveViewers: [1, 1_000_000],
  maxLiveViewersPerAddress: [1, 1_000_000],
  maxLiveBacklogBytes: [64 * 1024, 256 * 1024 * 1024],
  maxLiveSkips: [0, 1_000_000],
  liveStallTime: [0, 3600],
  maxFrameGap: [1, 3600],
  maxClockSkew: [1, 86_400],
  authorizeTime: [0.1, 60],
  authorizeTtl: [0, 3600],
  maxAuthorizing: [1, 1_000_000],
  maxAuthorizingPerAddress: [1, 1_000_000],
  maxPasses: [1, 10_000_000],
  maxApiFailures: [1, 1_000_000],
  maxApiBodyBytes: [1024, 16 * 1024 * 1024],
};

/**
 * Fills in the defaults.
 * @throws RangeError naming the option whose value is out of its range
 */
export function resolveOptions<T extends PackagingOptions | Limits>(defaults: T, given: Partial<T> = {}): T {
  for (const name of Object.keys(defaults) as (keyof T & keyof typeof RANGES)[]) {
    const value = given[name];
    const [least, most] = RANGES[name];
    if (value !== undefined && !(typeof value === 'number' && value >= least && value <= most)) {
      throw new RangeError(`${name} is ${String(value)}; give a number from ${least} to ${most}`);
    }
  }
  const known = Object.entries(given).filter(([name, value]) => name in defaults && value !== undefined);
  return { ...defaults, ...Object.fromEntries(known) };
}
