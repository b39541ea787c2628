import { AudioMixer } from './audio-mixer.js';
import { CanvasCompositor, type Compositor } from './compositor.js';
import type { Size } from './frame-size.js';
import type { VideoSource } from './video-source.js';
import { WorkerCompositor } from './worker-compositor.js';

/** The outgoing MediaStream: one video and one audio track from beginning to end, whatever is behind them. */
export class MediaMixer {
  readonly stream: MediaStream;
  readonly #compositor: Compositor;
  readonly #audio: AudioMixer;

  /**
   * @param size of the outgoing picture, even numbers, pixels
   * @param frameRate a second
   * @param worker of `startCompositorWorker`; absent: the page itself draws
   */
  constructor(size: Size, frameRate: number, worker?: Worker) {
    this.#compositor = worker
      ? new WorkerCompositor(worker, size, frameRate)
      : new CanvasCompositor(size, frameRate);
    this.#audio = new AudioMixer();
    this.stream = new MediaStream([this.#compositor.track, this.#audio.track]);
  }

  /** Loudness of what is sent, 0 to 1. */
  get level(): number {
    return this.#audio.level;
  }

  /** The screen fills the picture where there is one, and the camera lies over it. */
  show(camera: VideoSource | undefined, screen: VideoSource | undefined): void {
    this.#compositor.show(screen ?? camera, screen ? camera : undefined);
  }

  addAudio(track: MediaStreamTrack): void {
    this.#audio.add(track);
  }

  removeAudio(track: MediaStreamTrack): void {
    this.#audio.remove(track);
  }

  close(): void {
    this.#compositor.close();
    this.#audio.close();
  }
}
