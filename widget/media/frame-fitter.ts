import { contain, type Size } from './frame-size.js';

/** Makes frames of any size into frames of one: whole, with bars beside it. */
export class FrameFitter {
  readonly #size: Size;
  #context: OffscreenCanvasRenderingContext2D | null = null;

  constructor(size: Size) {
    this.#size = size;
  }

  /** A new frame with the timestamp; the caller closes both. */
  fit(frame: VideoFrame, timestamp: number): VideoFrame {
    const { width, height } = this.#size;
    if (frame.displayWidth === width && frame.displayHeight === height) {
      return new VideoFrame(frame, { timestamp });
    }
    this.#context ??= new OffscreenCanvas(width, height).getContext('2d', { alpha: false });
    const context = this.#context;
    if (!context) throw new Error('This browser has no canvas in workers.');
    const at = contain({ width: frame.displayWidth, height: frame.displayHeight }, this.#size);
    context.fillStyle = '#000';
    context.fillRect(0, 0, width, height);
    context.drawImage(frame, at.x, at.y, at.width, at.height);
    return new VideoFrame(context.canvas, { timestamp });
  }
}
