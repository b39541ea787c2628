import type { Size } from './frame-size.js';

/** ms. */
const FIRST_PICTURE_TIMEOUT = 3000;

/** The newest picture of a video track, for drawing. */
export class VideoSource {
  readonly track: MediaStreamTrack;
  readonly #video: HTMLVideoElement;

  constructor(track: MediaStreamTrack) {
    this.track = track;
    this.#video = document.createElement('video');
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.srcObject = new MediaStream([track]);
    // Rejects where it is closed before it plays.
    this.#video.play().catch(() => {});
  }

  /** undefined until there is a picture. */
  get frame(): { image: CanvasImageSource; size: Size } | undefined {
    const { readyState, videoWidth: width, videoHeight: height } = this.#video;
    if (readyState < HTMLMediaElement.HAVE_CURRENT_DATA || width === 0) return undefined;
    return { image: this.#video, size: { width, height } };
  }

  /** Resolves at its first picture, or when it seems to have none: a shared window may be minimised. */
  async ready(): Promise<void> {
    if (this.frame) return;
    const controller = new AbortController();
    await new Promise<void>((resolve) => {
      const options = { once: true, signal: controller.signal };
      this.#video.addEventListener('loadeddata', () => resolve(), options);
      this.track.addEventListener('ended', () => resolve(), options);
      const timer = setTimeout(resolve, FIRST_PICTURE_TIMEOUT);
      controller.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    controller.abort();
  }

  /** Its {@link frame} is of no more use: spares the work of showing it. */
  rest(): void {
    this.#video.pause();
  }

  /** Gives the device back. */
  close(): void {
    this.track.stop();
    this.#video.srcObject = null;
  }
}
