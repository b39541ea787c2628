export * from './livestream-socket.js';
export * from './media-stream.js';
export * from './video-element.js';
