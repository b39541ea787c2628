/**
 * The server on Node: {@link serve} listens with everything set up; the parts it is made of are here to mount
 * livestreams in an app of one's own.
 *
 * @module
 */
export { widgetAssets } from './assets.js';
export { boundMessages, type MeteredSockets } from './bound-messages.js';
export { clientAddress, type ClientAddressOptions } from './client-address.js';
export type { EncodingOptions } from './ffmpeg-arguments.js';
export { ffmpegTranscoder, type FfmpegTranscoderOptions } from './ffmpeg-transcoder.js';
export { startHeartbeat, type PingedSockets } from './heartbeat.js';
export { findFfmpeg, type FindFfmpegOptions, type FoundFfmpeg } from './find-ffmpeg.js';
export type { HttpLimits } from './http-limits.js';
export { keyFile } from './key-file.js';
export { StateFile } from './state-file.js';
export { serve, type RunningServer, type ServeOptions } from './serve.js';
