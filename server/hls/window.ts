import { PlaybackError } from '../errors.js';
import { concat } from './boxes.js';

/** A Partial Segment (RFC 8216bis §3.2). */
export interface Part {
  /** Counts through the stream, across segments, so that the next part's URI is known before the part is. */
  number: number;
  duration: number;
  /** Starts with a key frame. */
  independent: boolean;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface Segment {
  /** Media Sequence Number. */
  msn: number;
  /** Which init segment its media belongs to. */
  init: number;
  /** EXT-X-DISCONTINUITY stands before it. */
  discontinuity: boolean;
  /** Wall clock of its first sample, milliseconds since the epoch. */
  programDateTime: number;
  parts: Part[];
  /** All its parts, once it is complete; they are views of it. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  duration: number;
  /** Starts with a key frame. */
  independent: boolean;
  /** No more parts will come. */
  complete: boolean;
  /** Length of the longest playlist that listed it, seconds; known when it has left. */
  longestPlaylist: number;
}

/** A segment that is no longer listed. */
interface KeptSegment {
  segment: Segment;
  /** How much media there was when it left, seconds: media is what time is counted by, so that a pause makes nobody miss anything. */
  leftAt: number;
}

export interface WindowOptions {
  /** EXT-X-TARGETDURATION, seconds. */
  targetDuration: number;
  /** Segments in a playlist. */
  segments: number;
  /** Most bytes kept, those no longer listed included. */
  bytes: number;
}

/** Where a window goes on that another process began. */
export interface WindowPosition {
  /** Media Sequence Number of the next segment. */
  mediaSequence: number;
  /** How many discontinuities there were before it. */
  discontinuitySequence: number;
  /** EXT-X-PART-INF, which never changes. Seconds. */
  partTarget: number;
}

/** More than the rounding of sums, seconds. */
const EPSILON = 1e-6;

interface Waiter {
  ready(): boolean;
  wake(): void;
}

/** Not 0: hls.js (1.7) takes a segment 0 for one that has no number, and loads it again and again. */
const FIRST_MSN = 1;

/** A live playlist must not become shorter than so many target durations (RFC 8216bis §6.2.2). */
const LEAST_TARGET_DURATIONS = 3;

/** Nor than so many whole segments (HLS authoring specification). */
const LEAST_SEGMENTS = 6;

/** Of segments that are shorter than any that were asked for, as of a clock that jumps all the time, no more than these are listed. */
const MOST_SHORT_SEGMENTS = 100;

/**
 * Of the bytes, what the playlist may list. What leaves it is kept for as long as the playlist is, and two segments more: with six
 * listed, two fifths and that are all.
 */
const LISTED_SHARE = 0.4;

/**
 * The segments of one rendition that are still offered, and the requests that wait for the next ones. It
 * knows nothing of playlists' text: {@link Segment} is what they are made of.
 */
export class Window {
  /** Listed segments, oldest first; the last may be still growing. */
  readonly listed: Segment[] = [];
  /** EXT-X-PART-INF; set with the first media. */
  partTarget = 0;
  /** EXT-X-DISCONTINUITY-SEQUENCE of the first listed segment. */
  discontinuitySequence = 0;
  /** Nothing will follow: EXT-X-ENDLIST. */
  ended = false;
  /** Nothing will follow from this process; another one goes on. */
  suspended = false;
  /** Segments that the bound of bytes took off the playlist, or out of memory, before their time. */
  givenUp = 0;
  /** Changes whenever a playlist made from this would change. */
  version = 0;

  #kept: KeptSegment[] = [];
  #inits = new Map<number, Uint8Array<ArrayBuffer>>();
  #waiters = new Set<Waiter>();
  #nextMsn = FIRST_MSN;
  #nextPart = 0;
  #bytes = 0;
  #listedBytes = 0;
  /** Length of all media there ever was, seconds. */
  #duration = 0;

  constructor(readonly options: WindowOptions) {}

  /** Whether there is something to play. Parts alone are not: players take a playlist without a segment for broken. */
  get playable(): boolean {
    return this.listed[0]?.complete ?? false;
  }

  /** Where one after this goes on. */
  get position(): WindowPosition {
    const listed = this.listed.filter(({ discontinuity }) => discontinuity).length;
    return {
      mediaSequence: this.#nextMsn,
      discontinuitySequence: this.discontinuitySequence + listed,
      partTarget: this.partTarget,
    };
  }

  /** Goes on with the numbers of another window, before the first segment. */
  continueFrom({ mediaSequence, discontinuitySequence, partTarget }: WindowPosition): void {
    this.#nextMsn = mediaSequence;
    this.discontinuitySequence = discontinuitySequence;
    this.partTarget = partTarget;
  }

  /** Media Sequence Number of the next segment. */
  get nextMsn(): number {
    return this.#nextMsn;
  }

  /** The number that the next part will have. */
  get nextPart(): number {
    return this.#nextPart;
  }

  /** Bytes of media held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What players need takes more than the window may keep. */
  get isOverfull(): boolean {
    return this.#bytes > this.options.bytes;
  }

  /** The newest segment, growing or complete. */
  get last(): Segment | undefined {
    return this.listed.at(-1);
  }

  addInit(id: number, bytes: Uint8Array): void {
    this.#inits.set(id, bytes.slice());
  }

  openSegment(opening: Pick<Segment, 'init' | 'discontinuity' | 'programDateTime' | 'independent'>): void {
    this.listed.push({
      ...opening,
      msn: this.#nextMsn++,
      parts: [],
      bytes: undefined,
      duration: 0,
      complete: false,
      longestPlaylist: 0,
    });
    this.#trim();
  }

  addPart(part: Omit<Part, 'number'>): void {
    const segment = this.last;
    if (!segment || segment.complete) throw new Error('a part was added while no segment is open');
    segment.parts.push({ ...part, number: this.#nextPart++ });
    segment.duration += part.duration;
    this.#duration += part.duration;
    this.#bytes += part.bytes.length;
    this.#listedBytes += part.bytes.length;
    if (this.isOverfull) this.#trim();
    this.#changed();
  }

  closeSegment(): void {
    const segment = this.last;
    if (!segment || segment.complete) return;
    segment.complete = true;
    joinParts(segment);
    this.#changed();
  }

  /** No media will follow. Requests that wait are answered with what there is. */
  end(): void {
    if (this.ended) return;
    this.closeSegment();
    this.ended = true;
    this.#changed();
  }

  /**
   * Gives up its oldest segment, since there is no memory for it.
   * @returns false when the playlist needs all there are
   */
  giveUpOldest(): boolean {
    if (this.#kept.length === 0) {
      if (!this.#canUnlist) return false;
      this.#unlist();
      this.#changed();
    }
    this.#drop();
    this.#dropInits();
    return true;
  }

  /** The playlist does not end, but requests for what this process will not make are answered at once. */
  suspend(): void {
    if (this.ended || this.suspended) return;
    this.closeSegment();
    this.suspended = true;
    this.#changed();
  }

  init(id: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#inits.get(id);
  }

  /** A complete segment's bytes. */
  segment(msn: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#find((candidate) => candidate.msn === msn)?.bytes;
  }

  part(number: number): Uint8Array<ArrayBuffer> | undefined {
    const holds = (segment: Segment): boolean => {
      const first = segment.parts[0]?.number;
      return first !== undefined && number >= first && number < first + segment.parts.length;
    };
    const segment = this.#find(holds);
    return segment?.parts[number - (segment.parts[0]?.number ?? 0)]?.bytes;
  }

  /**
   * Waits until a playlist holds what a blocking reload asks for (RFC 8216bis §6.2.5.2).
   * @param msn `_HLS_msn`
   * @param part `_HLS_part`. 0 where it was absent: AVPlayer asks so while it waits for a segment's first part.
   * @throws PlaybackError 400 when it asks too far ahead, 503 after three target durations or when it is suspended
   */
  async reach(msn: number, part: number, signal?: AbortSignal): Promise<void> {
    if (this.ended) return;
    const open = this.last?.complete === false ? this.last : undefined;
    const next = open ? open.msn : this.#nextMsn;
    if (msn > next + 1) {
      throw new PlaybackError(400, `_HLS_msn=${msn} is too far ahead: segment ${next} is the next to come`);
    }
    const ahead = msn < next ? 0 : msn === next ? part - (open?.parts.length ?? 0) : part;
    // The Advance Part Limit: three parts, or three seconds of them.
    if (ahead > Math.max(3, Math.ceil(3 / (this.partTarget || 1)))) {
      throw new PlaybackError(400, `_HLS_part=${part} of _HLS_msn=${msn} is ${ahead} parts ahead`);
    }
    await this.#wait(() => this.#isOver || this.has(msn, part), signal);
    if (this.has(msn, part)) return;
    if (this.suspended) throw new PlaybackError(503, 'the server restarts; try again in a second', 1);
    throw new PlaybackError(
      503,
      `segment ${msn} part ${part} did not come in time`,
      this.options.targetDuration,
    );
  }

  /** Resolves when there is something to play, or it takes longer than a blocking reload may. */
  async untilPlayable(signal?: AbortSignal): Promise<void> {
    await this.#wait(() => this.#isOver || this.playable, signal);
  }

  /** Waits for the hinted part; undefined when it is not the next one, or never comes. */
  async hintedPart(number: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.isHinted(number)) {
      await this.#wait(() => this.#isOver || this.#nextPart > number, signal);
    }
    return this.part(number);
  }

  /** Whether a part is the next to come. */
  isHinted(number: number): boolean {
    return number === this.#nextPart && !this.#isOver;
  }

  get #isOver(): boolean {
    return this.ended || this.suspended;
  }

  /** Whether a playlist holds what a blocking reload asks for, or all that will ever come. */
  has(msn: number, part: number): boolean {
    if (this.ended) return true;
    const last = this.last;
    if (!last || last.msn < msn) return false;
    if (last.msn === msn) return part < last.parts.length;
    // A part index past a finished segment means the first part of the next, which is there with the segment.
    return true;
  }

  /** Resolves true once a condition holds, false after three target durations or when the client has left. */
  #wait(ready: () => boolean, signal?: AbortSignal): Promise<boolean> {
    if (ready()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiters.delete(waiter);
        resolve(result);
      };
      const onAbort = (): void => finish(false);
      const timer = setTimeout(() => finish(false), this.options.targetDuration * 3000);
      const waiter: Waiter = { ready, wake: () => finish(true) };
      this.#waiters.add(waiter);
      if (signal?.aborted) finish(false);
      else signal?.addEventListener('abort', onAbort);
    });
  }

  #changed(): void {
    this.version++;
    for (const waiter of [...this.#waiters]) if (waiter.ready()) waiter.wake();
  }

  #find(wanted: (segment: Segment) => boolean): Segment | undefined {
    return this.listed.findLast(wanted) ?? this.#kept.findLast(({ segment }) => wanted(segment))?.segment;
  }

  /** Takes segments off the playlist, and later out of memory. */
  #trim(): void {
    const { segments, bytes } = this.options;
    const most = Math.max(segments, MOST_SHORT_SEGMENTS) + 1;
    const isLong = (): boolean => this.listed.length > segments + 1;
    while (isLong() || this.#listedBytes > bytes * LISTED_SHARE) {
      if (!this.#canUnlist && this.listed.length <= most) break;
      if (!isLong()) this.givenUp++;
      this.#unlist();
    }
    for (let [oldest] = this.#kept; oldest; [oldest] = this.#kept) {
      const isAvailable = this.#isAvailable(oldest);
      if (isAvailable && !this.isOverfull) break;
      if (isAvailable) this.givenUp++;
      this.#drop();
    }
    this.#dropInits();
  }

  /** Whether the playlist may do without its oldest segment. */
  get #canUnlist(): boolean {
    const others = this.listed.slice(1).filter(({ complete }) => complete);
    return (
      others.length >= LEAST_SEGMENTS &&
      lengthOf(others) >= this.options.targetDuration * LEAST_TARGET_DURATIONS - EPSILON
    );
  }

  /** Its Availability Duration is its own and that of the longest playlist that listed it (RFC 8216bis §6.2.2). */
  #isAvailable({ segment, leftAt }: KeptSegment): boolean {
    return this.#duration - leftAt < segment.duration + segment.longestPlaylist - EPSILON;
  }

  /** Those that no segment needs any more. */
  #dropInits(): void {
    const oldest = this.#kept[0]?.segment ?? this.listed[0];
    for (const id of this.#inits.keys()) if (oldest && id < oldest.init) this.#inits.delete(id);
  }

  #drop(): void {
    const dropped = this.#kept.shift();
    if (dropped) this.#bytes -= sizeOf(dropped.segment);
  }

  #unlist(): void {
    const length = lengthOf(this.listed);
    for (const segment of this.listed) segment.longestPlaylist = Math.max(segment.longestPlaylist, length);
    const segment = this.listed.shift();
    if (!segment) return;
    if (segment.discontinuity) this.discontinuitySequence++;
    this.#listedBytes -= sizeOf(segment);
    this.#kept.push({ segment, leftAt: this.#duration });
  }
}

function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { duration }) => sum + duration, 0);
}

function sizeOf({ parts }: Segment): number {
  return parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Puts a segment's parts into one buffer, so that none of its many requests has to. */
function joinParts(segment: Segment): void {
  const bytes = concat(segment.parts.map((part) => part.bytes));
  let offset = 0;
  for (const part of segment.parts) {
    const end = offset + part.bytes.length;
    part.bytes = bytes.subarray(offset, end);
    offset = end;
  }
  segment.bytes = bytes;
}
