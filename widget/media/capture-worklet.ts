/**
 * In an AudioWorklet: hands out what it hears, a few milliseconds at a time; an answer, whatever it is, says that it was taken.
 * A file of its own, as a Content-Security-Policy wants it.
 */
declare const currentFrame: number;
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

/** Frames a message. */
const LENGTH = 960;

/**
 * Messages on their way to the page, from which on none is sent: one that stands still would collect them. 2 s at 48 kHz: all of it
 * may go on to the worker at once.
 */
const MOST_MESSAGES = 100;

class Capture extends AudioWorkletProcessor {
  #planes: Float32Array[] = [];
  #filled = 0;
  /** What the page has not answered yet, and what was left out for it since the last message. */
  #onTheWay = 0;
  #leftOut = 0;

  constructor() {
    super();
    this.port.onmessage = () => (this.#onTheWay -= 1);
  }

  process([input = []]: Float32Array[][]): boolean {
    const channels = Math.max(1, input.length);
    const quantum = input[0]?.length ?? 128;
    if (this.#planes.length !== channels) {
      this.#planes = Array.from({ length: channels }, () => new Float32Array(LENGTH));
      this.#filled = 0;
    }
    for (let at = 0; at < quantum; at++) {
      this.#planes.forEach((plane, channel) => (plane[this.#filled] = input[channel]?.[at] ?? 0));
      this.#filled += 1;
      if (this.#filled < LENGTH) continue;
      this.#filled = 0;
      if (this.#onTheWay >= MOST_MESSAGES) {
        this.#leftOut += 1;
        continue;
      }
      const frame = currentFrame + at + 1 - LENGTH;
      this.port.postMessage({ planes: this.#planes, frame, leftOut: this.#leftOut });
      this.#onTheWay += 1;
      this.#leftOut = 0;
    }
    return true;
  }
}

registerProcessor('livedrop-capture', Capture);
