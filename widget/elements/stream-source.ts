import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { StreamStatus } from '../../server/protocol.js';
import type { LivestreamSocketController } from '../controllers/livestream-socket.js';
import type { VideoElementController } from '../controllers/video-element.js';
import { withToken } from '../playback-token.js';
import { LivedropError } from '../errors.js';
import { PlaylistWatch, type PlaylistFinding } from './playlist-watch.js';

/** A socket that is not open by then may be out of reach: the playlist is asked instead, until it opens. */
const SOCKET_GRACE = 2000;

export interface StreamSourceOptions {
  socket: LivestreamSocketController;
  video: VideoElementController;
  /** Whether to load the stream when it is live. */
  wanted: () => boolean;
  /** A viewer's token. */
  token?: () => string | undefined;
  /** The playlist is not for who has this token, or not any more. Told at every look. */
  onRefused?: () => void;
  /** Milliseconds. Default 2000. */
  socketGrace?: number;
}

/**
 * Keeps a video on a stream: learns what the stream is doing, from the socket or else from the playlist, and
 * loads it whenever it becomes live.
 */
export class StreamSource implements ReactiveController {
  #status: StreamStatus | undefined;
  #unreachable = false;
  #refusal: LivedropError | undefined;
  #streamId: string | undefined;
  #loadedUrl: string | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  readonly #watch = new PlaylistWatch((status) => this.#onWatched(status));

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly options: StreamSourceOptions,
  ) {
    host.addController(this);
  }

  /** Undefined until the socket or the playlist told it. */
  get status(): StreamStatus | undefined {
    return this.#status;
  }

  /** Neither socket nor playlist answers. */
  get unreachable(): boolean {
    return this.#unreachable;
  }

  /** Where only the playlist can be asked, and says that it is not for this viewer. */
  get refusal(): LivedropError | undefined {
    return this.#refusal;
  }

  /** Whether it follows a stream. */
  get isStarted(): boolean {
    return this.#streamId !== undefined;
  }

  /** Follows a stream, in place of the one before. */
  start(streamId: string): void {
    this.stop();
    this.#streamId = streamId;
    this.options.socket.connect(streamId);
    this.#waitForSocket();
    // It is mostly live. To hear of it first would cost some round trips until the first picture.
    this.load();
  }

  /** Leaves the stream, empties the video. */
  stop(): void {
    this.#streamId = undefined;
    this.#status = undefined;
    this.#unreachable = false;
    this.#refusal = undefined;
    clearTimeout(this.#grace);
    this.#watch.stop();
    this.options.socket.disconnect();
    this.unload();
  }

  /**
   * Loads a wanted stream that is live, or may be.
   * @returns whether it did; not if it is loaded already
   */
  load(): boolean {
    const { socket, video, wanted } = this.options;
    const url = socket.playbackUrl;
    if ((this.#status ?? 'live') !== 'live' || !url || url === this.#loadedUrl || !wanted()) return false;
    this.#loadedUrl = url;
    video.load(url);
    return true;
  }

  /** Empties the video; the next time the stream is live it is loaded again. */
  unload(): void {
    if (this.#loadedUrl === undefined) return;
    this.#loadedUrl = undefined;
    this.options.video.unload();
  }

  hostConnected(): void {
    const { socket, video } = this.options;
    socket.addEventListener('statuschange', this.#onSocketStatus);
    socket.addEventListener('connectionchange', this.#onConnection);
    video.addEventListener('ended', this.#onEnded);
  }

  hostDisconnected(): void {
    const { socket, video } = this.options;
    socket.removeEventListener('statuschange', this.#onSocketStatus);
    socket.removeEventListener('connectionchange', this.#onConnection);
    video.removeEventListener('ended', this.#onEnded);
    this.stop();
  }

  #set(status: StreamStatus): void {
    const before = this.#status;
    this.#status = status;
    this.#unreachable = false;
    this.#refusal = undefined;
    if (status === before) return;
    // A broadcaster who comes back within the grace time goes on in the same playlist, and what was loaded unseen may be
    // live; anything else is new.
    const isNew = before === undefined ? status === 'waiting' || status === 'ended' : status === 'live';
    if (isNew && before !== 'reconnecting') this.unload();
    this.load();
    this.host.requestUpdate();
  }

  #waitForSocket(): void {
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => {
      if (!this.options.socket.isConnected) this.#startWatch();
    }, this.options.socketGrace ?? SOCKET_GRACE);
  }

  #startWatch(): void {
    const { socket, token } = this.options;
    const { playbackUrl } = socket;
    if (playbackUrl && !this.#watch.active) this.#watch.start(() => withToken(playbackUrl, token?.()));
  }

  #onSocketStatus = (event: CustomEvent<{ streamId: string; status: StreamStatus }>): void => {
    if (event.detail.streamId !== this.#streamId) return;
    this.#watch.stop();
    this.#set(event.detail.status);
  };

  #onConnection = (event: CustomEvent<{ isConnected: boolean }>): void => {
    if (this.#streamId === undefined) return;
    if (!event.detail.isConnected) return this.#waitForSocket();
    clearTimeout(this.#grace);
    this.#watch.stop();
    const { streamStatus } = this.options.socket;
    if (streamStatus) this.#set(streamStatus);
  };

  #onWatched(status: PlaylistFinding): void {
    if (status === 'unauthorized') return this.#refused();
    // While a picture is there, the player has its own eyes on the playlist: one failed look ends nothing.
    if (status === 'waiting' && this.options.video.playing) return;
    if (status) return this.#set(status);
    if (this.#unreachable || this.options.video.playing) return;
    this.#unreachable = true;
    this.host.requestUpdate();
  }

  /** What plays goes on as long as it can; another token may be on its way. */
  #refused(): void {
    this.options.onRefused?.();
    if (this.#refusal || this.options.video.playing) return;
    this.#unreachable = false;
    const message = `The playlist of “${this.#streamId}” is not for this viewer, or not any more.`;
    this.#refusal = new LivedropError('UNAUTHORIZED', message);
    this.host.requestUpdate();
  }

  /** The playlist is over before anybody said so: it also says when there is a new one. */
  #onEnded = (): void => {
    if (this.#status !== 'live' && this.#status !== 'reconnecting') return;
    this.#set('ended');
    this.#startWatch();
  };
}
