import type { ErrorCode } from '../server/protocol.js';

/** What went wrong in the page; the server's own codes are passed on as they are. */
export type LivedropErrorCode =
  | ErrorCode
  /** The WebSocket cannot be opened, or broke and did not come back. */
  | 'SOCKET_NOT_CONNECTED'
  /** There is nothing to send: no camera, screen or microphone was started. */
  | 'NO_MEDIA_STREAM'
  /** The server takes the stream, or says it is live, and yet nobody can play it. */
  | 'STREAM_NOT_SHOWING'
  | 'PERMISSION_DENIED'
  | 'DEVICE_NOT_FOUND'
  | 'DEVICE_IN_USE'
  /** The browser lacks something that is needed. */
  | 'UNSUPPORTED_BROWSER'
  /** Browsers give cameras to https: and localhost pages only. */
  | 'INSECURE_CONTEXT'
  /** The browser refused the stream's media. */
  | 'MEDIA_ERROR';

const HELP: Record<LivedropErrorCode, string> = {
  SOCKET_NOT_CONNECTED: 'Check that the server is running and that backend-url is its address.',
  NO_MEDIA_STREAM:
    'Turn on the camera, the screen or the microphone first, and allow it when the browser asks.',
  STREAM_NOT_SHOWING:
    'Check that the server has ffmpeg, that its log names no error for this stream, and that cdn-url is right.',
  PERMISSION_DENIED:
    'Your browser is blocking it. Click the camera icon beside the address, allow access, and try again.',
  DEVICE_NOT_FOUND: 'Connect a camera or microphone, or choose another one.',
  DEVICE_IN_USE: 'Close other programs and pages that use the camera or microphone, and try again.',
  UNSUPPORTED_BROWSER: 'Update your browser, or use a current Chrome, Edge, Firefox or Safari.',
  INSECURE_CONTEXT: 'Open this page by https://, or by http://localhost.',
  MEDIA_ERROR: 'Reload the page; if it happens again, try another browser.',
  BAD_MESSAGE: 'The page and the server do not understand each other: update both to the same version.',
  UNSUPPORTED_FORMAT:
    'This browser sends a format the server does not take: try a current Chrome, Edge or Firefox.',
  UNAUTHORIZED: 'Ask for a new key or token and set it as token.',
  STREAM_IN_USE: 'Someone is live under this stream id: choose another one, or stop the other broadcast.',
  NOT_STREAMING: 'Go live again.',
  TOO_LARGE: 'Lower the video size or bitrate.',
  RATE_LIMITED: 'Wait a moment, then try again.',
  SERVER_FULL: 'The server carries as many streams as it may: try again later.',
  TRANSCODER_FAILED: 'Go live again; if it keeps failing, look for this stream in the server log.',
  SHUTTING_DOWN: 'The server is restarting: try again in a minute.',
};

/** Those that are over when the server is reached again. */
const PASSING: ReadonlySet<LivedropErrorCode> = new Set([
  'SOCKET_NOT_CONNECTED',
  'RATE_LIMITED',
  'SERVER_FULL',
  'SHUTTING_DOWN',
]);

/** An error that a person can act on. `message` says what happened, `help` what to do about it. */
export class LivedropError extends Error {
  override readonly name = 'LivedropError';
  /** One sentence that says what to do. */
  readonly help: string;

  /**
   * @param code for programs
   * @param message what happened, naming the offending value
   * @param options `cause`, and `help` where the usual sentence for the code does not fit
   */
  constructor(
    readonly code: LivedropErrorCode,
    message: string,
    options?: { cause?: unknown; help?: string },
  ) {
    super(message, options);
    this.help = options?.help ?? HELP[code];
  }

  /** Whether it is over by itself, once the server is reached again. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }
}
