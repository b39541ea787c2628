import { concat } from '../hls/boxes.js';

/** From one place where reading can start to the next. */
interface Group {
  chunks: Uint8Array[];
  bytes: number;
  /** Of its first byte, in the file. */
  start: number;
  /** Reading can start here: not where the group is only what came before the first such place. */
  isPlace: boolean;
  /** Of its first picture, seconds on the source's clock; undefined: unknown. */
  time: number | undefined;
  /** When its first byte came, milliseconds on a clock that never goes back. */
  receivedAt: number;
}

/** What a new transcoder is given. */
export interface Replay {
  bytes: Uint8Array[];
  /** What had to be given up although it may never have come out. */
  lostBytes: number;
}

/** Of the sound that belongs to the last pictures of a group the transcoder may give the end after the next group's first, seconds. */
const SOUND_IS_LATE = 0.1;

/** Groups that are further apart, seconds, are so on a clock that jumped. */
const LONGEST_GROUP = 30;

/** Groups that say no time are told by counting key frames, which may be wrong: so many are kept. */
const UNTIMED_GROUPS = 2;

/**
 * So many groups, and places, are kept: more than a minute of key frames alone. The oldest is taken from the front of a list, which takes
 * the longer the longer it is, and there may be a group for every few bytes.
 */
const MAX_GROUPS = 4096;

/** What came out so long ago, milliseconds, viewers have fetched. */
const SEEN = 1000;

/**
 * The bytes a new transcoder needs to go on in the middle of a file: the file's header, and every group of which the transcoder before
 * may not have given all: until the next one has begun to come out, it may still hold the end.
 */
export class ReplayBuffer {
  #header: Uint8Array[] = [];
  /** The oldest first; bytes are added to the last. */
  #groups: Group[] = [];
  #bytes = 0;
  /** Of the file, so far. */
  #end = 0;
  /** Where reading can start and before which all is out: since when that is so, and where in the file. The newest come last. */
  #places: { start: number; since: number }[] = [];
  #headerDone = false;
  /** Where a group perhaps begins in the last one, as an index of its chunks. */
  #checkpoint = { at: 0, start: 0, receivedAt: 0 };
  #boundaries = 0;
  /** Of the first group that the transcoder was given, on the source's clock, seconds. */
  #origin: number | undefined;
  /** Source's clock less the transcoder's, seconds: its first key frame is the origin. */
  #shift: number | undefined;
  /** Groups of which the transcoder has given the beginning, by the count of key frames. */
  #begun = 0;
  #lostBytes = 0;

  /**
   * @param limit most bytes kept after the header
   * @param now a monotonic clock, milliseconds
   */
  constructor(
    private readonly limit: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get headerComplete(): boolean {
    return this.#headerDone;
  }

  /** How many places where reading can start there have been. */
  get boundaries(): number {
    return this.#boundaries;
  }

  /** Empty while it is not complete. */
  header(): Uint8Array {
    return concat(this.#header);
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#end += bytes.length;
    if (!this.#headerDone) {
      pushJoined(this.#header, bytes, 0);
      return;
    }
    const last = this.#groups.at(-1);
    if (!last) {
      this.#lostBytes += bytes.length;
      return;
    }
    pushJoined(last.chunks, bytes, this.#checkpoint.at);
    last.bytes += bytes.length;
    this.#bytes += bytes.length;
    // Where that is the last one: reading cannot start in the middle, so that the rest is of no use before the next checkpoint.
    while (this.#bytes > this.limit && this.#groups.length > 0) this.#lostBytes += this.#giveUpOldest();
  }

  /** The next byte appended is the first after the header, or a place where reading can perhaps start. */
  checkpoint(): void {
    this.#headerDone = true;
    const receivedAt = this.now();
    const start = this.#end;
    const last = this.#groups.at(-1);
    if (!last)
      this.#groups.push({ chunks: [], bytes: 0, start, isPlace: false, time: undefined, receivedAt });
    this.#checkpoint = { at: last?.chunks.length ?? 0, start, receivedAt };
  }

  /**
   * Reading can start at the last checkpoint.
   * @param time of the first picture there, seconds on the source's clock; undefined: unknown
   */
  commit(time?: number): void {
    this.#boundaries++;
    const last = this.#groups.at(-1);
    if (!last) return;
    const { at, start, receivedAt } = this.#checkpoint;
    const chunks = last.chunks.splice(at);
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    last.bytes -= bytes;
    if (last.chunks.length === 0) this.#groups.pop();
    this.#groups.push({ chunks, bytes, start, isPlace: true, time, receivedAt });
    this.#checkpoint = { at: 0, start, receivedAt };
    this.#notePlace();
    this.#origin ??= time;
    while (time === undefined && this.#groups.length > UNTIMED_GROUPS) this.#giveUpOldest();
    if (this.#groups.length > MAX_GROUPS) this.#lostBytes += this.#giveUpOldest();
  }

  /** Reading can start at the next byte. @param time as of {@link commit} */
  mark(time?: number): void {
    this.checkpoint();
    this.commit(time);
  }

  /**
   * A picture came out: what came before the group to which it belongs is out.
   * @param time seconds on the transcoder's clock, which begins anywhere
   */
  cameOut(time: number, isKey: boolean): void {
    if (isKey) {
      this.#begun = Math.min(this.#begun + 1, this.#groups.length);
      if (this.#origin !== undefined) this.#shift ??= this.#origin - time;
    }
    const reached = this.#shift === undefined ? -Infinity : time + this.#shift - SOUND_IS_LATE;
    const hasBegun = (group: Group | undefined): boolean =>
      group?.time !== undefined && group.time <= reached;
    while (this.#groups.length > 1) {
      const next = this.#groups[1]!;
      if (next.time === undefined ? this.#begun < 2 : !hasBegun(next)) break;
      this.#giveUpOldest();
      this.#lostBytes = 0;
    }
    if (hasBegun(this.#groups[0])) this.#lostBytes = 0;
  }

  /** What to give to a new transcoder, of which {@link cameOut} tells from now on. */
  replay(): Replay {
    this.#begun = 0;
    this.#shift = undefined;
    this.#origin = this.#groups.find(({ time }) => time !== undefined)?.time;
    const lostBytes = this.#lostBytes;
    this.#lostBytes = 0;
    return {
      bytes: [...this.#header, ...this.#groups.flatMap(({ chunks }) => chunks)],
      lostBytes,
    };
  }

  /**
   * When the first picture of what is kept came, milliseconds on a clock that never goes back; undefined: there is none yet. What was
   * sent all at once, after a break, is older than its arrival: none has the date of a time when it had not been received.
   */
  get receivedAt(): number | undefined {
    const [first = this.#groups[0], ...others] = this.#groups.filter(({ time }) => time !== undefined);
    let { receivedAt, time: last = 0 } = first ?? {};
    for (const { time = 0, receivedAt: arrival } of others) {
      if (time < last || time > last + LONGEST_GROUP || receivedAt === undefined) break;
      receivedAt = Math.min(receivedAt, arrival - (time - (first?.time ?? 0)) * 1000);
      last = time;
    }
    return receivedAt;
  }

  /**
   * Where another process can go on that is given the header and the file from there: viewers have seen what is before, as far as that
   * is known.
   * @param isFinal all that came out so far will be seen
   * @returns bytes from the file's beginning
   */
  place(isFinal: boolean): number | undefined {
    const seen = this.now() - SEEN;
    while (this.#places.length > 1 && this.#places[1]!.since <= seen) this.#places.shift();
    return this.#places.at(isFinal ? -1 : 0)?.start;
  }

  /** What is before the first group is out, or given up. */
  #notePlace(): void {
    const [first] = this.#groups;
    const isKnown = first && this.#places.at(-1)?.start === first.start;
    if (first?.isPlace && !isKnown) this.#places.push({ start: first.start, since: this.now() });
    if (this.#places.length > MAX_GROUPS) this.#places.shift();
  }

  /** @returns its bytes */
  #giveUpOldest(): number {
    const { bytes = 0 } = this.#groups.shift() ?? {};
    this.#bytes -= bytes;
    this.#begun = Math.max(0, this.#begun - 1);
    this.#notePlace();
    return bytes;
  }
}

/**
 * Adds bytes to a list, as part of its last entry where they lie behind it in memory: many small elements of one
 * message must not become as many objects.
 * @param from entries before this one stay as they are
 */
function pushJoined(list: Uint8Array[], bytes: Uint8Array, from: number): void {
  const last = list.length > from ? list.at(-1) : undefined;
  if (last && last.buffer === bytes.buffer && last.byteOffset + last.byteLength === bytes.byteOffset) {
    list[list.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.byteLength + bytes.byteLength);
  } else {
    list.push(bytes);
  }
}
