import type { Size } from './frame-size.js';
import { drawScene } from './scene.js';
import { Ticker } from './ticker.js';
import type { VideoSource } from './video-source.js';

/** Makes what is on into one outgoing video track of constant size and rate, which never changes. */
export interface Compositor {
  readonly track: MediaStreamTrack;
  /** @param main fills the frame; @param inset lies over it, bottom right */
  show(main: VideoSource | undefined, inset: VideoSource | undefined): void;
  close(): void;
}

/** Draws in the page: what every browser can. */
export class CanvasCompositor implements Compositor {
  readonly track: MediaStreamTrack;
  readonly #size: Size;
  readonly #context: CanvasRenderingContext2D;
  readonly #ticker: Ticker;
  #main: VideoSource | undefined;
  #inset: VideoSource | undefined;

  /**
   * @param size even numbers, pixels
   * @param frameRate a second
   */
  constructor(size: Size, frameRate: number) {
    const canvas = document.createElement('canvas');
    canvas.width = size.width;
    canvas.height = size.height;
    const context = canvas.getContext('2d', { alpha: false });
    const track = canvas.captureStream().getVideoTracks()[0];
    if (!context || !track) throw new Error('A canvas of this browser gives no video track.');
    this.#size = size;
    this.track = track;
    this.#context = context;
    this.#ticker = new Ticker(frameRate, () => this.#draw());
    this.#draw();
  }

  show(main: VideoSource | undefined, inset: VideoSource | undefined): void {
    this.#main = main;
    this.#inset = inset;
  }

  close(): void {
    this.#ticker.stop();
    this.track.stop();
    this.show(undefined, undefined);
  }

  #draw(): void {
    drawScene(this.#context, this.#size, this.#main?.frame, this.#inset?.frame);
  }
}
