export * from './livestream-socket.js';
export * from './media-stream.js';
export * from './video-element.js';
export { resolveBackend, setDefaultBackendUrl, type Backend } from '../backend-url.js';
export { LivedropError, type LivedropErrorCode } from '../errors.js';
export type { Encoder, EncoderEvents, EncoderFactory } from '../media/encoder.js';
