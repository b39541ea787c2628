/** The machine's clock is believed again when it is off by more, milliseconds: less is its drift, which dates need not follow. */
const LEAP = 1000;

/**
 * The time of day by which streams are dated, and which clients are told. It goes on evenly: where the machine's clock is set while streams
 * are live (an hour off in either direction, or by a leap) their dates, and how old a viewer thinks that a picture is, must not be.
 */
export class ServerClock {
  #offset: number;

  /**
   * @param wallClock the machine's, milliseconds since the epoch
   * @param monotonic one that never jumps, milliseconds
   */
  constructor(
    private readonly wallClock: () => number = () => Date.now(),
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    this.#offset = wallClock() - monotonic();
  }

  /** Milliseconds since the epoch. */
  readonly now = (): number => this.#offset + this.monotonic();

  /** Takes the machine's time over. For when no stream is live. */
  adjust(): void {
    const wallClock = this.wallClock();
    if (Math.abs(wallClock - this.now()) > LEAP) this.#offset = wallClock - this.monotonic();
  }
}
