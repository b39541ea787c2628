import { concat } from './boxes.js';
import type { LiveFragment, LiveViewer } from './live-mp4-viewer.js';
import { writeFragment, type Run } from './media-segment.js';
import { PRFT_SIZE, writePrft } from './producer-reference-time.js';
import { primaryTrack, type Sample, type Track } from './sample.js';
import type { SegmenterTap, TappedPart } from './segmenter-tap.js';
import type { Window } from './window.js';

/** What is sent at once: every part, or every frame. */
export type Flush = 'part' | 'frame';

/** Audio goes without video when it reaches so far, seconds: where there is no video, and where video stands still. */
const AUDIO_GROUP = 0.04;
const AUDIO_WAIT = 0.1;

/** Samples further apart than this do not follow each other, seconds. */
const GAP = 0.002;

interface GroupedPart {
  /** Of the part in the window. */
  number: number;
  prft: Uint8Array;
}

interface Waiter {
  flush: Flush;
  wake(): void;
}

/**
 * The endless MP4 of a rendition: an init segment and what follows the newest key frame, on the stream's own timeline.
 * Every fragment is made once for all viewers, behind a `prft` box that says when its first picture was taken.
 * Parts are those of the window; single frames are written only while somebody watches them.
 */
export class LiveMp4 implements SegmenterTap {
  #init: Uint8Array | undefined;
  #tracks = new Map<number, Track>();
  #primary: Track | undefined;
  #clockOffset = 0;
  /** The parts from the newest that starts with a key frame on. */
  #group: GroupedPart[] = [];
  #groupBytes = 0;
  /** There has been a key frame since the init segment: in a part, in a sample. */
  #started: Record<Flush, boolean> = { part: false, frame: false };
  /** Samples that are in no part yet, and those that those who watch frames do not have yet. */
  #pending: Sample[] = [];
  #unsent: Sample[] = [];
  #sequence = 0;
  #ended = false;
  #viewers: Record<Flush, Set<LiveViewer>> = { part: new Set(), frame: new Set() };
  #waiters = new Set<Waiter>();
  /** What a viewer who joins now is sent first. */
  #beginnings = new Map<Flush, Uint8Array>();

  constructor(
    private readonly window: Window,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many watch. */
  get viewerCount(): number {
    return this.#viewers.part.size + this.#viewers.frame.size;
  }

  /** RFC 6381, of all tracks; known once it is {@link ready}. */
  get codecs(): string[] {
    return [...this.#tracks.values()].map((track) => track.codec);
  }

  /** Whether nothing has to be waited for: a viewer can join, or never will. */
  isSettled(flush: Flush): boolean {
    return this.#ended || this.#started[flush];
  }

  /**
   * Resolves true when a viewer can join, false when the stream has ended, the time is over or the client has left.
   * @param timeout seconds
   */
  ready(flush: Flush, timeout: number, signal?: AbortSignal): Promise<boolean> {
    if (this.isSettled(flush)) return Promise.resolve(!this.#ended);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        this.#waiters.delete(waiter);
        resolve(this.#started[flush] && !this.#ended && !signal?.aborted);
      };
      const timer = setTimeout(finish, timeout * 1000);
      const waiter: Waiter = { flush, wake: finish };
      this.#waiters.add(waiter);
      if (signal?.aborted) finish();
      else signal?.addEventListener('abort', finish);
    });
  }

  /**
   * Adds a viewer once it is {@link ready}: its first bytes go out at once.
   * @param fromNext from the next key frame on, instead of the newest
   */
  join(viewer: LiveViewer, flush: Flush, fromNext = false): void {
    if (this.#ended || !this.#init) {
      viewer.end();
      return;
    }
    // Else what a part already holds would be sent to it a second time.
    if (flush === 'frame') this.#flush();
    const fits = !fromNext && this.#groupBytes <= viewer.room;
    const first = fits ? this.#beginning(flush) : this.#init;
    viewer.open(first, first === this.#init);
    this.#viewers[flush].add(viewer);
  }

  /** A viewer is gone. */
  leave(viewer: LiveViewer): void {
    this.#viewers.part.delete(viewer);
    this.#viewers.frame.delete(viewer);
    if (this.#viewers.frame.size === 0) this.#unsent = [];
  }

  onRun(tracks: readonly Track[], init: Uint8Array): void {
    this.#flush();
    this.#pending = [];
    this.#beginnings.clear();
    // What was before it is another run's, whose times do not lead here.
    this.#startGroup();
    if (init === this.#init) return;
    this.#endViewers();
    this.#init = init;
    this.#tracks = new Map(tracks.map((track) => [track.id, track]));
    this.#primary = primaryTrack(tracks);
    this.#started = { part: false, frame: false };
  }

  onSample(sample: Sample, clockOffset: number): void {
    this.#clockOffset = clockOffset;
    this.#pending.push(sample);
    this.#beginnings.delete('frame');
    const isPrimary = sample.track === this.#primary?.id;
    if (isPrimary && sample.key) this.#start('frame');
    if (this.#viewers.frame.size === 0) return;
    if (this.#isBreak(sample)) this.#flush();
    this.#unsent.push(sample);
    if (isPrimary && this.#primary?.kind === 'video') this.#flush();
    else if (this.#unsentTime() >= (isPrimary ? AUDIO_GROUP : AUDIO_WAIT)) this.#flush();
  }

  onPart({ runs, independent, withRoom }: TappedPart, clockOffset: number): void {
    this.#clockOffset = clockOffset;
    this.#stamp(withRoom, runs);
    if (independent) this.#startGroup();
    this.#groupBytes += withRoom.length;
    // Where key frames are that rare, whoever joins waits for the next.
    if (this.#groupBytes > this.window.options.bytes) this.#group = [];
    else this.#group.push({ number: this.window.nextPart - 1, prft: withRoom.slice(0, PRFT_SIZE) });
    const taken = new Set(runs.flatMap((run) => run.samples));
    this.#pending = this.#pending.filter((sample) => !taken.has(sample));
    this.#beginnings.clear();
    this.#send('part', { bytes: withRoom, independent });
    if (independent) this.#start('part');
  }

  onEnd(): void {
    this.#flush();
    this.#ended = true;
    this.#endViewers();
    this.#pending = [];
    this.#startGroup();
    this.#beginnings.clear();
    this.#wake('part');
    this.#wake('frame');
  }

  #startGroup(): void {
    this.#group = [];
    this.#groupBytes = 0;
  }

  #start(flush: Flush): void {
    if (this.#started[flush]) return;
    this.#started[flush] = true;
    this.#wake(flush);
  }

  #wake(flush: Flush): void {
    for (const waiter of [...this.#waiters]) if (waiter.flush === flush) waiter.wake();
  }

  #endViewers(): void {
    for (const viewers of Object.values(this.#viewers)) {
      for (const viewer of viewers) viewer.end();
      viewers.clear();
    }
    this.#unsent = [];
  }

  #send(flush: Flush, fragment: LiveFragment): void {
    const viewers = this.#viewers[flush];
    if (viewers.size === 0) return;
    const now = this.now();
    for (const viewer of viewers) if (!viewer.push(fragment, now)) viewers.delete(viewer);
  }

  /** Sends those who watch frames what they do not have yet. */
  #flush(): void {
    if (this.#unsent.length === 0) return;
    const runs = this.#toRuns(this.#unsent);
    this.#unsent = [];
    const first = runs.find(({ track }) => track === this.#primary?.id)?.samples[0];
    this.#send('frame', { bytes: this.#write(runs), independent: first?.key ?? false });
  }

  /** Made once for all who join before the next part, or frame. */
  #beginning(flush: Flush): Uint8Array {
    let bytes = this.#beginnings.get(flush);
    if (!bytes) this.#beginnings.set(flush, (bytes = this.#makeBeginning(flush)));
    return bytes;
  }

  #makeBeginning(flush: Flush): Uint8Array {
    const init = this.#init!;
    const key = flush === 'frame' ? this.#pending.findLast((sample) => this.#startsGroup(sample)) : undefined;
    if (key) {
      const from = this.#time(key);
      const samples = this.#pending.filter(
        (sample) =>
          this.#time(sample) >= from || (sample.track !== key.track && this.#endTime(sample) > from),
      );
      return concat([init, this.#write(this.#toRuns(samples))]);
    }
    const chunks = [init];
    for (const { number, prft } of this.#group) {
      const part = this.window.part(number);
      // The window is too small for the time since the last key frame.
      if (!part) return init;
      chunks.push(prft, part);
    }
    if (chunks.length === 1) return init;
    if (flush === 'frame' && this.#pending.length > 0) chunks.push(this.#write(this.#toRuns(this.#pending)));
    return concat(chunks);
  }

  #startsGroup(sample: Sample): boolean {
    return sample.key && sample.track === this.#primary?.id && this.#primary.kind === 'video';
  }

  #write(runs: readonly Run[]): Uint8Array<ArrayBuffer> {
    const bytes = writeFragment(++this.#sequence, runs, PRFT_SIZE);
    this.#stamp(bytes, runs);
    return bytes;
  }

  /** Writes the `prft` box of a fragment into the room before it. */
  #stamp(bytes: Uint8Array, runs: readonly Run[]): void {
    const primary = this.#primary!;
    const filled = runs.filter(({ samples }) => samples.length > 0);
    const isPrimary = ({ track }: Run): boolean => track === primary.id;
    const time = this.#startOf(filled.find(isPrimary) ?? filled[0] ?? runs.find(isPrimary));
    writePrft(bytes, {
      track: primary.id,
      date: this.#clockOffset + time * 1000,
      mediaTime: Math.max(0, Math.round(time * primary.timescale)),
    });
  }

  /** When the first sample of a run is shown; where it has none, as a picture may last long, where it goes on. Seconds. */
  #startOf(run: Run | undefined): number {
    const first = run?.samples[0];
    if (first) return this.#time(first) + first.compositionOffset / this.#timescale(first);
    return (run?.start ?? 0) / (this.#tracks.get(run?.track ?? 0)?.timescale ?? 1);
  }

  /** A track's samples in runs without a gap. */
  #toRuns(samples: readonly Sample[]): Run[] {
    const runs: { track: number; samples: Sample[] }[] = [];
    for (const sample of samples) {
      const run = runs.findLast(({ track }) => track === sample.track);
      const last = run?.samples.at(-1);
      if (run && last && this.#follows(sample, last)) run.samples.push(sample);
      else runs.push({ track: sample.track, samples: [sample] });
    }
    return runs;
  }

  #follows(sample: Sample, before: Sample): boolean {
    return Math.abs(this.#time(sample) - this.#endTime(before)) <= GAP;
  }

  /** A sample that does not follow what its track has unsent. */
  #isBreak(sample: Sample): boolean {
    const before = this.#unsent.findLast(({ track }) => track === sample.track);
    return before !== undefined && !this.#follows(sample, before);
  }

  #unsentTime(): number {
    const [first] = this.#unsent;
    return first ? this.#endTime(this.#unsent.at(-1)!) - this.#time(first) : 0;
  }

  #timescale(sample: Sample): number {
    return this.#tracks.get(sample.track)?.timescale ?? 1;
  }

  #time(sample: Sample): number {
    return sample.dts / this.#timescale(sample);
  }

  #endTime(sample: Sample): number {
    return (sample.dts + sample.duration) / this.#timescale(sample);
  }
}
