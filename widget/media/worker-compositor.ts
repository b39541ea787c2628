import type { CompositorCommand } from './compositor-messages.js';
import type { Compositor } from './compositor.js';
import type { Size } from './frame-size.js';
import { trackProcessor, videoFrames } from './track-processor.js';
import type { VideoSource } from './video-source.js';
import { startWorker } from './worker-loader.js';

/** A track whose frames come from a stream. In Chromium's windows only, and not in TypeScript's DOM library. */
type TrackGenerator = new (init: { kind: 'video' }) => MediaStreamTrack & {
  writable: WritableStream<VideoFrame>;
};

function trackGenerator(): TrackGenerator | undefined {
  return (globalThis as { MediaStreamTrackGenerator?: TrackGenerator }).MediaStreamTrackGenerator;
}

/** Starts the worker of a {@link WorkerCompositor}; undefined where this browser, or this page, can have none. */
export async function startCompositorWorker(): Promise<Worker | undefined> {
  if (!trackProcessor() || !trackGenerator() || !('OffscreenCanvas' in globalThis)) return undefined;
  // Bundlers look for exactly this expression.
  return startWorker(
    (Worker) => new Worker(new URL('./compositor-worker.js', import.meta.url), { type: 'module' }),
  ).catch(() => undefined);
}

/** Draws in a worker: a hidden page, and one that is busy, goes on at full rate. */
export class WorkerCompositor implements Compositor {
  readonly track: MediaStreamTrack;
  readonly #worker: Worker;
  readonly #ids = new Map<VideoSource, number>();
  #nextId = 0;

  /**
   * @param worker of {@link startCompositorWorker}; it belongs to this compositor from now on
   * @param size even numbers, pixels
   * @param frameRate a second
   */
  constructor(worker: Worker, size: Size, frameRate: number) {
    const Generator = trackGenerator();
    if (!Generator) throw new Error('This browser has no MediaStreamTrackGenerator.');
    const track = new Generator({ kind: 'video' });
    this.track = track;
    this.#worker = worker;
    const { writable } = track;
    this.#send({ type: 'start', size, frameRate, writable }, [writable]);
  }

  show(main: VideoSource | undefined, inset: VideoSource | undefined): void {
    const shown = [main, inset];
    for (const [source, id] of this.#ids) {
      if (shown.includes(source)) continue;
      this.#ids.delete(source);
      this.#send({ type: 'release', id });
    }
    this.#send({ type: 'show', main: this.#idOf(main), inset: this.#idOf(inset) });
  }

  close(): void {
    this.track.stop();
    this.#worker.terminate();
    this.#ids.clear();
  }

  #idOf(source: VideoSource | undefined): number | undefined {
    const Processor = trackProcessor();
    if (!source || !Processor || source.track.readyState === 'ended') return undefined;
    const known = this.#ids.get(source);
    if (known !== undefined) return known;
    const id = this.#nextId++;
    this.#ids.set(source, id);
    const readable = videoFrames(source.track, Processor);
    this.#send({ type: 'source', id, readable }, [readable]);
    // Its own picture is looked at no more.
    source.rest();
    return id;
  }

  #send(command: CompositorCommand, transfer: Transferable[] = []): void {
    this.#worker.postMessage(command, transfer);
  }
}
