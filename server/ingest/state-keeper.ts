import type { Limits, Logger, PackagingOptions } from '../options.js';
import { targetDuration } from '../streams/rendition.js';
import {
  MAX_SAVED_HEADER,
  readStreamState,
  UNSAVED_SEGMENTS,
  type SavedPlace,
  type StreamState,
  type StreamStateStore,
} from '../streams/stream-state.js';
import type { FilePlace } from './ingest.js';
import type { PublishSession } from './publish-session.js';
import { hashToken } from './resume-token.js';

/** A stream's state is saved at most so often, milliseconds, unless segments come faster than they play. */
const INTERVAL = 1000;

/**
 * How long a process that stops waits for its store, milliseconds: publishers and viewers wait to be told, and whoever stops it kills
 * it after some seconds. What was not saved by then may be all the same.
 */
const LAST_SAVE_TIME = 2000;

interface Entry {
  session: PublishSession | undefined;
  /** Media Sequence Number of the next segment, as it was saved last. */
  nextMsn: number;
  savedAt: number;
  /** Settles, never rejects, when the store has done all that it was told to. */
  work: Promise<void>;
  isBusy: boolean;
}

/**
 * Saves what streams must remember: each segment's beginning soon after it, and all of it when the process is about to stop.
 * A store that fails, or is slow, holds nothing up.
 */
export class StateKeeper {
  #entries = new Map<string, Entry>();
  #isFailing = false;

  constructor(
    private readonly store: StreamStateStore,
    private readonly logger: Logger,
    /** A monotonic clock, milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The streams with which this process can go on; the others are logged and forgotten. */
  load(limits: Limits, packaging: PackagingOptions): StreamState[] {
    const states: StreamState[] = [];
    for (const value of this.store.found) {
      const state = readStreamState(value);
      const reason = state ? refusal(state, states.length, limits, packaging) : 'it cannot be read';
      if (state && !reason) states.push(state);
      else {
        const { streamId } = (value ?? {}) as { streamId?: unknown };
        this.logger.warn({ streamId, reason }, 'a saved stream does not go on, and is forgotten');
        // Else it would be found again, and told of, at every start.
        if (typeof streamId === 'string') this.forget(streamId);
      }
    }
    return states;
  }

  /** Called for all that a publisher sends. */
  note(session: PublishSession): void {
    const { window } = session.stream.source;
    const entry = this.#entryOf(session);
    const unsaved = window.nextMsn - entry.nextMsn;
    if (unsaved === 0 || entry.isBusy || !window.playable) return;
    if (unsaved < UNSAVED_SEGMENTS / 2 && this.now() - entry.savedAt < INTERVAL) return;
    void this.#save(session, entry, false);
  }

  /** Nothing more will be published of it here. Resolves when that is saved, or could not be in time. */
  async saveFinal(session: PublishSession): Promise<void> {
    if (!session.stream.playable) return;
    await this.#inTime(this.#save(session, this.#entryOf(session), true), session.stream.id);
  }

  /** The stream goes on, but not in its publisher's file, which is another one: its messages are numbered anew. */
  dropPlace(state: StreamState): void {
    const { streamId } = state;
    const entry = this.#entries.get(streamId) ?? newEntry();
    this.#entries.set(streamId, entry);
    entry.work = entry.work.then(() =>
      this.#attempt(streamId, () => this.store.save({ ...state, place: undefined })),
    );
  }

  /** The stream is over. */
  forget(streamId: string): void {
    const entry = this.#entries.get(streamId) ?? newEntry();
    this.#entries.set(streamId, entry);
    entry.session = undefined;
    entry.work = entry.work
      .then(() => this.#attempt(streamId, () => this.store.delete(streamId)))
      .then(() => {
        if (entry.session === undefined && this.#entries.get(streamId) === entry)
          this.#entries.delete(streamId);
      });
  }

  /** Resolves when everything that was to be saved, or forgotten, is, or could not be in time. */
  async settled(): Promise<void> {
    await this.#inTime(Promise.all(Array.from(this.#entries.values(), ({ work }) => work)));
  }

  async #inTime(work: Promise<unknown>, streamId?: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isLate = await Promise.race([
      work.then(() => false),
      new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(true), LAST_SAVE_TIME))),
    ]);
    clearTimeout(timer);
    if (isLate) this.logger.warn({ streamId }, 'a store is too slow: what streams need may not be saved');
  }

  #entryOf(session: PublishSession): Entry {
    const { id } = session.stream;
    const entry = this.#entries.get(id) ?? newEntry();
    this.#entries.set(id, entry);
    if (entry.session !== session) Object.assign(entry, { session, nextMsn: -1, savedAt: -Infinity });
    return entry;
  }

  #save(session: PublishSession, entry: Entry, isFinal: boolean): Promise<void> {
    const { stream } = session;
    entry.isBusy = true;
    entry.work = entry.work.then(async () => {
      const tokenHash = await hashToken(session.resumeToken);
      if (entry.session === session) {
        const state: StreamState = {
          streamId: stream.id,
          savedAt: Date.now(),
          startedAt: stream.startedAt.getTime(),
          ...stream.info,
          isPrivate: stream.isPrivate,
          playbackOrigins: stream.playbackOrigins,
          grant: session.grant,
          tokenHash,
          isFinal,
          received: session.received,
          place: savedPlace(session.place(isFinal)),
          source: stream.source.position,
        };
        entry.savedAt = this.now();
        entry.nextMsn = state.source.mediaSequence;
        await this.#attempt(stream.id, () => this.store.save(state));
      }
      entry.isBusy = false;
    });
    return entry.work;
  }

  async #attempt(streamId: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
      if (this.#isFailing) this.logger.info({}, 'streams are saved again');
      this.#isFailing = false;
    } catch (error) {
      // Once: a full disk fails every second of every stream.
      if (!this.#isFailing) {
        this.logger.error(
          { streamId, err: error },
          'streams cannot be saved: they go on, but not after a restart',
        );
      }
      this.#isFailing = true;
    }
  }
}

function savedPlace(place: FilePlace | undefined): SavedPlace | undefined {
  if (!place || place.header.length > MAX_SAVED_HEADER) return undefined;
  return { ...place, header: btoa(String.fromCharCode(...place.header)) };
}

function newEntry(): Entry {
  return { session: undefined, nextMsn: -1, savedAt: -Infinity, work: Promise.resolve(), isBusy: false };
}

/** Why a stream cannot go on. */
function refusal(
  { savedAt, source }: StreamState,
  streams: number,
  limits: Limits,
  packaging: PackagingOptions,
): string | undefined {
  if (Date.now() - savedAt > (limits.graceTime + limits.restartTime) * 1000) return 'it is too old';
  // EXT-X-TARGETDURATION must not change (RFC 8216 §6.2.1).
  if (source.targetDuration !== targetDuration(packaging)) return 'segments have another length now';
  if (streams >= limits.maxStreams) return `the server carries ${limits.maxStreams} streams`;
  return undefined;
}
