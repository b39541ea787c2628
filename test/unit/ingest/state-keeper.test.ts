import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { FilePlace } from '../../../server/ingest/ingest.js';
import type { PublishSession } from '../../../server/ingest/publish-session.js';
import { hashToken } from '../../../server/ingest/resume-token.js';
import { StateKeeper } from '../../../server/ingest/state-keeper.js';
import { defaultLimits, defaultPackaging, silentLogger } from '../../../server/options.js';
import { Stream } from '../../../server/streams/stream.js';
import {
  positionAfter,
  UNSAVED_SEGMENTS,
  type StreamState,
  type StreamStateStore,
} from '../../../server/streams/stream-state.js';

/** Keeps states in memory; its calls settle when the test says so, or at once. */
class TestStore implements StreamStateStore {
  found: unknown[] = [];
  readonly states = new Map<string, StreamState>();
  saves = 0;
  hold = (): Promise<unknown> => Promise.resolve();

  async save(state: StreamState): Promise<void> {
    this.saves += 1;
    this.states.set(state.streamId, state);
    await this.hold();
  }

  async delete(streamId: string): Promise<void> {
    this.states.delete(streamId);
    await this.hold();
  }
}

let store: TestStore;
let keeper: StateKeeper;
let now: number;
let place: FilePlace | undefined;
const logger = { ...silentLogger, error: vi.fn(), info: vi.fn(), warn: vi.fn() };
beforeEach(() => {
  vi.resetAllMocks();
  store = new TestStore();
  now = 0;
  place = undefined;
  keeper = new StateKeeper(store, logger, () => now);
});

function setUp(id = 'show', before?: StreamState) {
  const stream = new Stream(id, defaultPackaging, () => {}, undefined, undefined, before);
  const { window } = stream.source;
  window.partTarget ||= 0.2;
  const session = {
    ...{ stream, resumeToken: 'the token', received: 7 },
    place: () => place,
  } as unknown as PublishSession;
  const segment = (discontinuity = false): void => {
    window.openSegment({ init: 0, discontinuity, programDateTime: 1000, independent: true });
    window.addPart({ duration: 1, independent: true, bytes: new Uint8Array(1) });
    window.closeSegment();
  };
  return { stream, session, window, segment };
}

async function saved(): Promise<StreamState> {
  await keeper.settled();
  return store.states.get('show')!;
}

describe('StateKeeper', () => {
  it('saves what the next process must know, and not the token', async () => {
    const { stream, session, segment } = setUp();
    stream.info = { title: 'The show', userId: 'me' };
    segment();
    segment(true);
    keeper.note(session);
    const state = await saved();
    expect(state).toMatchObject({
      ...{ streamId: 'show', title: 'The show', userId: 'me', isFinal: false, received: 7 },
      tokenHash: await hashToken('the token'),
      source: { epoch: stream.source.epoch, mediaSequence: 3, discontinuitySequence: 1, partTarget: 0.2 },
    });
    expect(JSON.stringify(state)).not.toContain('the token');
  });

  it('saves where in a file another process can go on, and not a header without end', async () => {
    const { session, segment } = setUp();
    place = { header: new Uint8Array([1, 2, 3, 4]), message: 12, offset: 5 };
    segment();
    await keeper.saveFinal(session);
    const state = await saved();
    expect(state.place).toEqual({ header: 'AQIDBA==', message: 12, offset: 5 });
    place = { ...place, header: new Uint8Array(16 * 1024 + 1) };
    await keeper.saveFinal(session);
    expect(await saved()).not.toMatchObject({ place: expect.anything() });
    place = { ...place, header: new Uint8Array(16 * 1024) };
    await keeper.saveFinal(session);
    store.found = [await saved()];
    expect(keeper.load(defaultLimits, defaultPackaging)).toHaveLength(1);

    keeper.dropPlace(state);
    const { place: gone, ...rest } = state;
    expect(gone).toBeDefined();
    expect(await saved()).toEqual({ ...rest, place: undefined });
  });

  it('saves nothing of a stream that nobody can have played', async () => {
    const { session } = setUp();
    keeper.note(session);
    await keeper.saveFinal(session);
    await keeper.settled();
    expect(store.saves).toBe(0);
  });

  it('saves each segment, at most once a second', async () => {
    const { session, segment } = setUp();
    for (let step = 0; step < 100; step++, now += 100) {
      if (step % 5 === 0) segment();
      keeper.note(session);
      await keeper.settled();
    }
    expect(store.saves).toBeGreaterThanOrEqual(9);
    expect(store.saves).toBeLessThanOrEqual(11);
  });

  it('saves at once where segments come faster than they play: their numbers must not be given again', async () => {
    const { session, window, segment } = setUp();
    for (let count = 0; count < 100; count++) {
      segment();
      keeper.note(session);
      const next = positionAfter(await saved(), Date.now(), 1);
      expect(next.mediaSequence).toBeGreaterThanOrEqual(window.nextMsn);
    }
  });

  it('holds nothing up where the store is slow: one write at a time, then the newest', async () => {
    const { session, segment } = setUp();
    let go = (): void => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    const begun = new Promise<void>((resolve) => {
      store.hold = () => {
        resolve();
        return held;
      };
    });
    for (let count = 0; count < 20; count++) {
      segment();
      keeper.note(session);
      await begun;
    }
    expect(store.saves).toBe(1);
    go();
    await keeper.settled();
    keeper.note(session);
    expect((await saved()).source.mediaSequence).toBe(21);
    expect(store.saves).toBe(2);
  });

  it('says once that it cannot save, and once that it can again', async () => {
    const { session, segment } = setUp();
    store.hold = () => Promise.reject(new Error('ENOSPC'));
    for (let count = 0; count < 5; count++) {
      segment();
      now += 1000;
      keeper.note(session);
      await keeper.settled();
    }
    expect(store.saves).toBe(5);
    expect(logger.error).toHaveBeenCalledOnce();
    store.hold = () => Promise.resolve();
    segment();
    now += 1000;
    keeper.note(session);
    await keeper.settled();
    expect(logger.info).toHaveBeenCalledOnce();
  });

  it('forgets a stream that is over, whatever was under way', async () => {
    const { session, segment } = setUp();
    segment();
    keeper.note(session);
    keeper.forget('show');
    await keeper.settled();
    expect(store.states.size).toBe(0);
    // Another one under the same id.
    const again = setUp();
    again.segment();
    keeper.note(again.session);
    expect(await saved()).toBeDefined();
  });

  it('goes on exactly where a process stopped, and well behind where one died', async () => {
    const { session, segment } = setUp();
    segment();
    await keeper.saveFinal(session);
    const final = await saved();
    expect(positionAfter(final, final.savedAt, 1).mediaSequence).toBe(2);
    expect(positionAfter({ ...final, isFinal: false }, final.savedAt, 1).mediaSequence).toBe(
      2 + UNSAVED_SEGMENTS,
    );
    // The timeline goes on like the clock, and not back where the clock was set back.
    // A store that failed saw nothing of what the process published after that.
    expect(positionAfter({ ...final, isFinal: false }, final.savedAt + 9500, 2).mediaSequence).toBe(
      2 + UNSAVED_SEGMENTS + 5,
    );
    expect(positionAfter(final, final.savedAt + 9500, 2).mediaSequence).toBe(2);
    const { mediaTime } = positionAfter(final, final.savedAt, 1);
    expect(mediaTime).toBeGreaterThan(final.source.mediaTime);
    expect(positionAfter(final, final.savedAt + 10_000, 1).mediaTime).toBe(mediaTime + 10);
    expect(positionAfter(final, final.savedAt - 10_000, 1).mediaTime).toBe(mediaTime);
  });

  it('takes other names for its media after every restart, also where the clock was set back', async () => {
    const names = new Set<string>();
    let state: StreamState | undefined;
    for (let restart = 0; restart < 5; restart++) {
      const { stream, session, segment } = setUp('show', state);
      expect(stream.source.epoch).toBe(state?.source.epoch ?? stream.source.epoch);
      names.add(stream.source.names.part(0));
      segment();
      await keeper.saveFinal(session);
      state = await saved();
      state.source.mediaEpoch = (parseInt(state.source.mediaEpoch, 36) + 5000).toString(36);
    }
    expect(names.size).toBe(5);
  });

  describe('load', () => {
    async function stateOf(id: string): Promise<StreamState> {
      const { session, segment } = setUp(id);
      segment();
      await keeper.saveFinal(session);
      return store.states.get(id)!;
    }
    const load = (limits = {}, packaging = {}) =>
      keeper
        .load({ ...defaultLimits, ...limits }, { ...defaultPackaging, ...packaging })
        .map(({ streamId }) => streamId);

    it('finds the streams that go on', async () => {
      store.found = [await stateOf('a'), await stateOf('b')];
      expect(load()).toEqual(['a', 'b']);
      expect(logger.warn).not.toHaveBeenCalled();
      expect(load({ maxStreams: 1 })).toEqual(['a']);
    });

    it('leaves out, and forgets, those of a server that was away for too long', async () => {
      const state = await stateOf('show');
      store.found = [{ ...state, savedAt: Date.now() - 61_000 }];
      expect(load()).toEqual([]);
      await keeper.settled();
      expect(store.states.size).toBe(0);
      expect(load({ restartTime: 60 })).toEqual(['show']);
      expect(load({ graceTime: 60 })).toEqual(['show']);
    });

    it('leaves out those whose EXT-X-TARGETDURATION would change', async () => {
      store.found = [await stateOf('show')];
      expect(load({}, { segmentDuration: 4 })).toEqual([]);
    });

    it('forgets what it cannot read: it would be found, and told of, at every start', async () => {
      const state = await stateOf('show');
      store.states.set('show', state);
      store.found = [{ ...state, tokenHash: '' }];
      expect(load()).toEqual([]);
      await keeper.settled();
      expect(store.states.size).toBe(0);
      expect(logger.warn).toHaveBeenCalledOnce();
    });

    it('leaves out what is no state', async () => {
      const state = await stateOf('show');
      const { source } = state;
      store.found = [
        ...[null, 1, 'show', [], {}, { ...state, streamId: '../x' }, { ...state, tokenHash: '' }],
        ...[
          { ...state, savedAt: 'now' },
          { ...state, received: -1 },
          { ...state, title: 1 },
        ],
        ...[
          ...[null, {}, { header: '', message: 0, offset: 0 }, { header: 'AAA', message: 0, offset: 0 }],
          ...[
            { header: '!AAA', message: 0, offset: 0 },
            { header: 'A'.repeat(22_000), message: 0, offset: 0 },
          ],
          ...[
            { header: 'AAAA', message: -1, offset: 0 },
            { header: 'AAAA', message: 0, offset: 0.5 },
          ],
        ].map((found) => ({ ...state, place: found })),
        ...[
          { ...state, source: null },
          { ...state, source: { ...source, epoch: 'a/b' } },
        ],
        ...[
          { ...state, source: { ...source, mediaSequence: 1.5 } },
          { ...state, source: { ...source, mediaTime: null } },
        ],
        // Dates that no playlist can have.
        ...[
          { ...state, source: { ...source, programDate: 1e297 } },
          { ...state, startedAt: Number.MAX_SAFE_INTEGER },
        ],
      ];
      expect(load()).toEqual([]);
      expect(logger.warn).toHaveBeenCalledTimes(store.found.length);
    });
  });
});

describe('a store that does not answer', () => {
  it('holds up the end of a process for two seconds each time', async () => {
    vi.useFakeTimers();
    try {
      const { session, segment } = setUp();
      segment();
      store.hold = () => new Promise(() => {});
      const over = vi.fn();
      void keeper
        .saveFinal(session)
        .then(() => keeper.settled())
        .then(over);
      await vi.advanceTimersByTimeAsync(3999);
      expect(over).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(over).toHaveBeenCalledOnce();
      expect(logger.warn).toHaveBeenCalledWith({ streamId: 'show' }, expect.stringContaining('too slow'));
    } finally {
      vi.useRealTimers();
    }
  });
});
