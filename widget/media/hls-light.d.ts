/** hls.js ships types for its full build only; the light one has the same API with fewer controllers. */
declare module 'hls.js/light' {
  export { default } from 'hls.js';
  export * from 'hls.js';
}
