import type { Sample, Track } from './sample.js';

/** So many frames, or so long, are looked at to learn the frame rate before the first part is cut. */
const PROBE_FRAMES = 6;
/** Fewer do where they are a whole part. */
const PROBE_LEAST = 3;
const PROBE_TIME = 0.4;
const PROBE_SAMPLES = 1000;

/** Holds the first samples of a run back until the frame rate of its primary track is known. */
export class FrameProbe {
  #samples: Sample[] = [];

  /**
   * @param partDuration wanted length of a part, seconds
   * @returns whether enough is known
   */
  add(sample: Sample, primary: Track, partDuration: number): boolean {
    this.#samples.push(sample);
    if (primary.frameRate) return true;
    const durations = this.durations(primary);
    const time = durations.reduce((sum, duration) => sum + duration, 0);
    const isPart = durations.length >= PROBE_LEAST && time >= partDuration;
    const isEnough = durations.length >= PROBE_FRAMES || time >= PROBE_TIME;
    return isPart || isEnough || this.#samples.length >= PROBE_SAMPLES;
  }

  /** Of the primary track's first frames, seconds. */
  durations({ id, timescale, frameRate }: Track): number[] {
    if (frameRate) return Array<number>(PROBE_FRAMES).fill(1 / frameRate);
    return this.#samples.filter((sample) => sample.track === id).map((sample) => sample.duration / timescale);
  }

  /** Gives out what was held back. */
  take(): Sample[] {
    return this.#samples.splice(0);
  }
}
