import { FrameGrid } from './frame-grid.js';
import type { Size } from './frame-size.js';
import { MediaClock } from './media-clock.js';
import { drawScene, type Picture } from './scene.js';
import { uncountedFrame } from './uncounted-frame.js';

/** A source's newest frame. */
interface Source {
  reader: ReadableStreamDefaultReader<VideoFrame>;
  frame: VideoFrame | undefined;
}

/** µs. */
const now = (): number => performance.now() * 1000;

/**
 * Composes when a frame of the main source comes, so that nothing waits for a tick, and puts it on a grid of constant
 * rate; where none comes the last picture is repeated at the grid's pace.
 */
export class FrameComposer {
  readonly #size: Size;
  readonly #grid: FrameGrid;
  readonly #writer: WritableStreamDefaultWriter<VideoFrame>;
  readonly #context: OffscreenCanvasRenderingContext2D;
  readonly #sources = new Map<number, Source>();
  #main: number | undefined;
  #inset: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(size: Size, frameRate: number, writable: WritableStream<VideoFrame>) {
    const context = new OffscreenCanvas(size.width, size.height).getContext('2d', { alpha: false });
    if (!context) throw new Error('This browser has no canvas in workers.');
    this.#size = size;
    this.#context = context;
    this.#grid = new FrameGrid(frameRate);
    this.#writer = writable.getWriter();
    this.#place(now());
  }

  add(id: number, readable: ReadableStream<VideoFrame>): void {
    const reader = readable.getReader();
    this.#sources.set(id, { reader, frame: undefined });
    void this.#read(id, reader);
  }

  remove(id: number): void {
    const source = this.#sources.get(id);
    this.#sources.delete(id);
    source?.frame?.close();
    source?.reader.cancel().catch(() => {});
  }

  show(main: number | undefined, inset: number | undefined): void {
    this.#main = main;
    this.#inset = inset;
  }

  async #read(id: number, reader: ReadableStreamDefaultReader<VideoFrame>): Promise<void> {
    const clock = new MediaClock();
    for (;;) {
      // A source that breaks keeps its last picture until it is taken away.
      const { value: frame } = await reader.read().catch(() => ({ value: undefined }));
      if (!frame) return;
      const source = this.#sources.get(id);
      if (!source) {
        frame.close();
        return;
      }
      const time = clock.map(frame.timestamp, now());
      source.frame?.close();
      source.frame = uncountedFrame(frame);
      if (id === this.#main) this.#place(time);
    }
  }

  #place(time: number): void {
    const placement = this.#grid.place(time);
    // The receiver fills holes by repeating what it has.
    if (placement) this.#emit(placement.index);
    this.#scheduleRepeat();
  }

  #scheduleRepeat(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        const placement = this.#grid.repeat(now());
        if (placement) this.#emit(placement.index);
        this.#scheduleRepeat();
      },
      Math.max(1, (this.#grid.deadline - now()) / 1000),
    );
  }

  #emit(index: number): void {
    const frame = this.#compose(Math.round(this.#grid.timeOf(index)));
    // It is closed by whoever takes it; a track that has ended takes none.
    this.#writer.write(frame).catch(() => frame.close());
  }

  #compose(timestamp: number): VideoFrame {
    const main = this.#frameOf(this.#main);
    const inset = this.#frameOf(this.#inset);
    const { width, height } = this.#size;
    if (main && !inset && main.displayWidth === width && main.displayHeight === height) {
      return new VideoFrame(main, { timestamp });
    }
    drawScene(this.#context, this.#size, pictureOf(main), pictureOf(inset));
    return new VideoFrame(this.#context.canvas, { timestamp });
  }

  #frameOf(id: number | undefined): VideoFrame | undefined {
    return id === undefined ? undefined : this.#sources.get(id)?.frame;
  }
}

function pictureOf(frame: VideoFrame | undefined): Picture | undefined {
  return frame && { image: frame, size: { width: frame.displayWidth, height: frame.displayHeight } };
}
