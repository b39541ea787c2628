/** A timer that fires so much too late, milliseconds, fires in a process that was suspended, or had no time for anything. */
const LATE = 1000;

/**
 * A timer for what others have to do within a time. Where this process could not listen meanwhile (it was suspended, its machine slept)
 * they are given what it missed: all publishers would count as silent in the moment in which it wakes up.
 */
export class Countdown {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param now a monotonic clock, milliseconds */
  constructor(
    private readonly onOver: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  /** Begins anew. @param time milliseconds */
  start(time: number): void {
    clearTimeout(this.#timer);
    const due = this.now() + time;
    this.#timer = setTimeout(() => {
      const missed = this.now() - due;
      if (missed > LATE) {
        this.start(Math.min(missed, time));
        return;
      }
      this.#timer = undefined;
      this.onOver();
    }, time);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
