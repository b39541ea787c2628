/** In an AudioWorklet: hands out what it hears, a few milliseconds at a time. A file of its own, as a Content-Security-Policy wants it. */
declare const currentFrame: number;
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

/** Frames a message. */
const LENGTH = 960;

class Capture extends AudioWorkletProcessor {
  #planes: Float32Array[] = [];
  #filled = 0;

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
      this.port.postMessage({ planes: this.#planes, frame: currentFrame + at + 1 - LENGTH });
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('livedrop-capture', Capture);
