import type { HlsConfig } from 'hls.js';

/** How hls.js is used here, where it differs from its defaults. */
export const HLS_CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // Also while the media source is still being opened.
  startFragPrefetch: true,
  // Fragmented MP4 passes through as it is: there is nothing for a worker to do, and it would need its own file.
  enableWorker: false,
  // Where playback starts, seconds from the edge. PART-HOLD-BACK, the default, is three parts; from there our own rate
  // control (`live-edge.ts`) would need seconds to get nearer.
  liveSyncDuration: 0.5,
  // Its catch-up never acts with less than a second in the buffer; 1 turns it off, and ours has no rival.
  maxLiveSyncPlaybackRate: 1,
  // Ours backs off at stalls: twice would be too far.
  liveSyncOnStallIncrease: 0,
  // What was played is removed by `back-buffer.ts`.
  backBufferLength: Infinity,
  // A tolerance of more than a part skips a part at the edge of a segment.
  maxFragLookUpTolerance: 0.05,
  liveDurationInfinity: true,
  playlistLoadPolicy: {
    default: {
      // Longer than the server holds a blocked request, three target durations (RFC 8216bis §6.2.5.2).
      maxTimeToFirstByteMs: 20_000,
      maxLoadTimeMs: 20_000,
      timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
      // A stream that has just begun has parts and no whole segment yet, which hls.js takes for an error: a second's
      // delay there is a second until the first picture. After the last retry everything is loaded anew.
      errorRetry: {
        maxNumRetry: 20,
        retryDelayMs: 150,
        maxRetryDelayMs: 200,
        // Also where the server is away (status 0). But a playlist that is not there any more comes back, if at all, by
        // another name.
        shouldRetry: (config, count, _isTimeout, response) =>
          count < (config?.maxNumRetry ?? 0) && response?.code !== 404,
      },
    },
  },
  fragLoadPolicy: {
    default: {
      // What a playlist lists is there and small: a network that brings nothing of it for so long is gone.
      maxTimeToFirstByteMs: 5000,
      maxLoadTimeMs: 20_000,
      timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
      // By default the waits double up to 8 s, and nothing is asked for again where the server is away (status 0): the
      // picture would stand long after the network is back.
      errorRetry: {
        maxNumRetry: 20,
        retryDelayMs: 200,
        maxRetryDelayMs: 400,
        // What has left the window does not come back.
        shouldRetry: (config, count, _isTimeout, { code = 0 } = { url: '' }) =>
          count < (config?.maxNumRetry ?? 0) && (code < 400 || code >= 500),
      },
    },
  },
  // A live stream's first part is small: measuring by it costs a request and tells nothing.
  testBandwidth: false,
};
