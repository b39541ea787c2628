import { describe, expect, it } from 'vitest';
import type { Arena } from '../../chaos/arena.js';
import type { Fault, Promises } from '../../chaos/fault.js';
import { FaultRunner, type Outcome } from '../../chaos/runner.js';
import type { Target, Verdict } from '../../chaos/target.js';

const CLEAN: Verdict = {
  ...{ stream: '', kind: 'frames', lost: 0, repeated: 0, altered: 0 },
  ...{ discontinuities: 0, ends: 0, gaps: 0, slowest: 100 },
};

/** A stream of which one look after another is told; after the last one all is well. */
class FakeStream implements Target {
  readonly looks: Partial<Verdict>[];
  /** When viewers had something encoded after a time, and not before another; see `Target`. */
  recovered: Target['recovered'] = (encodedFrom, seenFrom = 0) =>
    Promise.resolve(Math.max(encodedFrom, seenFrom));

  constructor(
    readonly name: string,
    ...looks: Partial<Verdict>[]
  ) {
    this.looks = looks;
  }

  settled(): Promise<Verdict[]> {
    return Promise.resolve([{ ...CLEAN, stream: this.name, ...this.looks.shift() }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Scene {
  target?: FakeStream;
  other?: FakeStream;
  control?: FakeStream;
  promises?: Partial<Promises>;
  more?: Partial<Fault>;
}

function setUp({ target, other, control, promises, more }: Scene) {
  const arena = {
    others: [other ?? new FakeStream('other')],
    control: control ?? new FakeStream('control'),
    kept: target ? [target] : [],
    release: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  } as unknown as Arena;
  const lines: string[] = [];
  const runner = new FaultRunner(arena, {
    seed: 1,
    progress: (line) => lines.push(line),
    waits: { settle: 0.01, recovery: 0.25, fault: 0.1, prepare: 0.2, segment: 0 },
  });
  const fault: Fault = {
    name: 'nothing',
    title: '',
    promises: { recovers: 0.25, keepsSamples: 'all', seam: 'none', ...promises },
    prepare: () => Promise.resolve(target),
    inject: () => Promise.resolve({ from: 1000, to: 5000 }),
    ...more,
  };
  return { runner, fault, lines };
}

async function problemsOf(scene: Scene, times = 1): Promise<string[]> {
  const { runner, fault } = setUp(scene);
  return (await runner.run(fault, times)).trials.flatMap(({ problems }) => problems);
}

/** Nothing is wrong before the fault. */
const stream = (...looks: Partial<Verdict>[]): FakeStream => new FakeStream('it', {}, ...looks);

describe('a fault', () => {
  it('whose promises are kept has no problem', async () => {
    expect(await problemsOf({ target: stream() })).toEqual([]);
  });

  it.each<[Partial<Verdict>, Partial<Promises>, string[]]>([
    [{ lost: 2 }, {}, ['it: 2 samples lost']],
    [{ lost: 2 }, { keepsSamples: 'none' }, []],
    [{ lost: 2, kind: 'container' }, { keepsSamples: 'frames' }, []],
    [{ altered: 1 }, { keepsSamples: 'none' }, ['it: 1 samples altered']],
    [{ repeated: 3 }, {}, ['it: 3 samples repeated']],
    [{ repeated: 3 }, { repeats: true }, []],
    [{ ends: 1, gaps: 1 }, {}, ['it: viewers saw an end, 1 gaps without a discontinuity']],
    [{ reloads: 1 }, {}, ['it: the player loaded anew 1 times']],
    [{ reloads: 1 }, { seam: 'discontinuity' }, []],
    [{ discontinuities: 1 }, {}, ['it: 1 discontinuities']],
    [{ discontinuities: 1 }, { seam: 'discontinuity' }, []],
  ])('after which a stream has %j, with %j', async (look, promises, problems) => {
    expect(await problemsOf({ target: stream(look), promises })).toEqual(problems);
  });

  it('after which nothing comes any more', async () => {
    const target = stream();
    target.recovered = () => new Promise(() => {});
    expect(await problemsOf({ target })).toEqual(['it: recovery did not happen within 0.5 s']);
  });

  it('during which something was seen, and nothing afterwards', async () => {
    const target = stream();
    target.recovered = (encodedFrom, seenFrom = 0) =>
      seenFrom > 4999 ? new Promise(() => {}) : Promise.resolve(encodedFrom + 1);
    expect(await problemsOf({ target })).toEqual(['it: recovery did not happen within 0.5 s']);
  });

  it('after which only what had waited is seen', async () => {
    const target = stream();
    target.recovered = (encodedFrom) => (encodedFrom >= 5000 ? new Promise(() => {}) : Promise.resolve(5001));
    expect(await problemsOf({ target })).toEqual(['it: recovery did not happen within 0.5 s']);
  });

  it('from which a stream recovers late', async () => {
    const target = stream();
    target.recovered = () => Promise.resolve(8000);
    expect(await problemsOf({ target })).toEqual(['recovered after 3.0 s, and 0.25 s are promised']);
  });

  it('that others notice, or that makes them late', async () => {
    expect(await problemsOf({ other: stream({ lost: 1 }) })).toEqual(['affected: it']);
    expect(await problemsOf({ other: stream({ slowest: 1001 }) })).toEqual(['affected: it']);
    expect(await problemsOf({ other: stream({ slowest: 999 }) })).toEqual([]);
    const control = new FakeStream('control', {}, { slowest: 500 });
    expect(await problemsOf({ other: stream({ slowest: 1400 }), control })).toEqual([]);
  });

  it('that does not end, or is not what it should be', async () => {
    expect(await problemsOf({ more: { inject: () => new Promise(() => {}) } })).toEqual([
      'the end of the fault did not happen within 0.1 s',
    ]);
    expect(await problemsOf({ more: { inject: () => Promise.reject(new Error('no effect')) } })).toEqual([
      'no effect',
    ]);
  });

  it('for which there never is what it is done to', async () => {
    expect(await problemsOf({ more: { prepare: () => new Promise(() => {}) } })).toEqual([
      'what the fault is done to did not happen within 0.2 s',
    ]);
  });

  it('that cannot be had is skipped, and says why', async () => {
    const { runner, fault } = setUp({ more: { missing: () => Promise.resolve('no disk') } });
    expect(await runner.run(fault, 3)).toMatchObject({ trials: [], skipped: 'no disk' });
  });
});

describe('damage that shows later', () => {
  it('is that of the fault before', async () => {
    // Before the first fault, after it, before the second.
    const scene = { target: stream({}, { lost: 4 }), other: new FakeStream('other', {}, {}, { gaps: 1 }) };
    const { runner, fault, lines } = setUp(scene);
    const { trials } = await runner.run(fault, 2);
    expect(trials.map(({ problems }) => problems)).toEqual([
      ['later, it: 4 samples lost', 'later, other: 1 gaps'],
      [],
    ]);
    expect(trials[0]!.affected).toEqual(['other']);
    expect(lines.filter((line) => line.includes('later'))).toHaveLength(1);
  });

  it('is judged by what that fault promises', async () => {
    const { runner, fault } = setUp({
      target: stream({}, { discontinuities: 1, lost: 3 }),
      promises: { keepsSamples: 'none', seam: 'discontinuity' },
    });
    expect((await runner.run(fault, 2)).trials.flatMap(({ problems }) => problems)).toEqual([]);
  });

  it('is looked for after the last one, too', async () => {
    const { runner, fault } = setUp({ target: stream({}, { ends: 1 }) });
    const { trials } = await runner.run(fault, 1);
    expect(await runner.lastLook()).toEqual(['later, it: viewers saw an end']);
    expect(trials[0]!.problems).toHaveLength(1);
  });

  it('is not that of a stream that has only begun', async () => {
    expect(await problemsOf({ target: new FakeStream('it', { gaps: 2 }) })).toEqual([]);
  });

  it('that was there before anything was done is not passed over', async () => {
    expect(await problemsOf({ other: new FakeStream('other', { lost: 1 }) })).toEqual([
      'before it, other: 1 lost',
    ]);
  });
});

describe('a machine that is too busy', () => {
  const late = { slowest: 1600 };
  const run = async (scene: Scene): Promise<Outcome> => {
    const { runner, fault } = setUp(scene);
    return runner.run(fault, 1);
  };

  it('has the fault done again', async () => {
    const control = new FakeStream('control', {}, late, {}, {});
    const { trials } = await run({ target: stream(late), control });
    expect(trials).toMatchObject([{ problems: [], usual: 100 }]);
    expect(trials[0]).not.toHaveProperty('notJudged');
  });

  it('is told of after three times', async () => {
    const control = new FakeStream('control', {}, late, {}, late, {}, late);
    const { trials } = await run({ control });
    expect(trials).toMatchObject([{ problems: [], notJudged: 'this machine was 1600 ms late' }]);
  });

  it('excuses nothing but lateness', async () => {
    const target = stream({ lost: 1 });
    target.recovered = () => Promise.resolve(99_000);
    const { trials } = await run({ target, control: new FakeStream('control', {}, late) });
    expect(trials.map(({ problems }) => problems)).toEqual([['it: 1 samples lost']]);
  });

  it('is one on which also a stream on another server loses something', async () => {
    const control = new FakeStream('control', {}, { lost: 1 }, {}, {});
    expect((await run({ control })).trials).toMatchObject([{ problems: [], usual: 100 }]);
  });
});
