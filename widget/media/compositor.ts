import { contain, cover, type Rectangle, type Size } from './frame-size.js';
import { Ticker } from './ticker.js';
import type { VideoSource } from './video-source.js';

/** Of the camera over a screen, in shares of the frame's shorter side: big enough for a face, small enough to read beside. */
const INSET = { height: 0.28, aspect: 4 / 3, margin: 0.03, radius: 0.02 };

const BACKGROUND = '#111214';

/**
 * Draws what is on into one outgoing video track of constant size and rate. The track never changes:
 * a recorder's file breaks on a change of size, and on a change of track.
 */
export class Compositor {
  readonly track: MediaStreamTrack;
  readonly size: Size;
  /** Fills the frame. */
  main: VideoSource | undefined;
  /** Lies over it, bottom right. */
  inset: VideoSource | undefined;
  readonly #context: CanvasRenderingContext2D;
  readonly #ticker: Ticker;

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
    this.size = size;
    this.track = track;
    this.#context = context;
    this.#ticker = new Ticker(frameRate, () => this.#draw());
    this.#draw();
  }

  close(): void {
    this.#ticker.stop();
    this.track.stop();
    this.main = undefined;
    this.inset = undefined;
  }

  #draw(): void {
    const { width, height } = this.size;
    const context = this.#context;
    const main = this.main?.frame;
    // Painted in any case, so that the track's rate is constant.
    context.fillStyle = BACKGROUND;
    context.fillRect(0, 0, width, height);
    if (main) {
      const at = contain(main.size, this.size);
      context.drawImage(main.image, at.x, at.y, at.width, at.height);
    }
    const inset = this.inset?.frame;
    if (inset) this.#drawInset(inset.image, inset.size);
  }

  #drawInset(image: CanvasImageSource, source: Size): void {
    const context = this.#context;
    const shorter = Math.min(this.size.width, this.size.height);
    const height = shorter * INSET.height;
    const width = height * INSET.aspect;
    const margin = shorter * INSET.margin;
    const at: Rectangle = {
      x: this.size.width - width - margin,
      y: this.size.height - height - margin,
      width,
      height,
    };
    const part = cover(source, at);
    context.save();
    context.beginPath();
    context.roundRect(at.x, at.y, at.width, at.height, shorter * INSET.radius);
    context.clip();
    context.drawImage(image, part.x, part.y, part.width, part.height, at.x, at.y, at.width, at.height);
    context.restore();
  }
}
