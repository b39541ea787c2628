import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { clientMessage } from '../../../server/routes/client-message.js';
import { applyBoxEdits } from '../../fuzz/grammar/boxes.js';
import { applyEdits, edits, inPieces } from '../../fuzz/grammar/bytes.js';
import { fitting } from '../../fuzz/grammar/schema.js';
import { readOptions } from '../../fuzz/options.js';
import { fuzz } from '../../fuzz/run.js';
import type { FuzzTarget } from '../../fuzz/target.js';
import { concat, box, findBox } from '../../../server/hls/boxes.js';

const target = (check: (value: number) => void | Promise<void>): FuzzTarget => ({
  name: 'numbers',
  title: '',
  prepare: () =>
    Promise.resolve({ property: fc.asyncProperty(fc.nat(100_000), async (value) => check(value)) }),
});

describe('fuzz', () => {
  it('tells the smallest input that it finds, and the command that shows it again', async () => {
    const broken = target((value) => {
      if (value >= 1000) throw new Error(`${value} is too much`);
    });
    const { failure } = await fuzz(broken, { seed: 7, runs: 1000 });
    expect(failure).toContain('1000 is too much');
    expect(failure).toMatch(/case \d+ of seed 7, made smaller \d+ times:\n\[1000\]/);
    const [, path] = /npm run fuzz -- --only numbers --seed 7 --path (\S+)/.exec(failure!)!;
    const again = await fuzz(broken, { seed: 7, path, runs: 1 });
    expect(again.failure).toContain('1000 is too much');
  });

  it('plays the same cases for the same seed', async () => {
    const play = async (seed: number): Promise<number[]> => {
      const seen: number[] = [];
      await fuzz(
        target((value) => void seen.push(value)),
        { seed, runs: 50 },
      );
      return seen;
    };
    expect(await play(1)).toEqual(await play(1));
    expect(await play(1)).not.toEqual(await play(2));
  });

  it('ends when its time is over', async () => {
    const slow = target(() => new Promise((resolve) => setTimeout(resolve, 10)));
    const { cases, failure } = await fuzz(slow, { seed: 1, seconds: 1 });
    expect(failure).toBeUndefined();
    expect(cases).toBeGreaterThan(1);
  });

  it('has failed where not one case was played', async () => {
    const hanging = target(() => new Promise(() => {}));
    const { cases, failure } = await fuzz(hanging, { seed: 1, seconds: 0.05 });
    expect(cases).toBe(0);
    expect(failure).toContain('not one case was played');
  });

  it('has failed where every case is none', async () => {
    const choosy = target(() => fc.pre(false));
    expect((await fuzz(choosy, { seed: 1, runs: 2 })).failure).toContain('it gave up after 0 cases');
  });

  it('tells what failed although its end fails too', async () => {
    const broken = target(() => {
      throw new Error('too much');
    });
    const { failure } = await fuzz(
      {
        ...broken,
        prepare: async () => ({
          ...(await broken.prepare()),
          close: () => Promise.reject(new Error('not to be ended')),
        }),
      },
      { seed: 1, runs: 1 },
    );
    expect(failure).toContain('too much');
    expect(failure).toContain('at the end: Error: not to be ended');
  });
});

describe('its options', () => {
  const numbers = [target(() => {})];
  it.each([
    [['--only', 'nothing'], /There is no target "nothing". There is numbers./],
    [['--seed', 'x'], /--seed is "x"/],
    [['--runs', '0'], /--runs is "0". Give a whole number from 1/],
    [['--path', '1:2'], /give --only and --seed beside it/],
  ])('%j are refused', (args, message) => {
    expect(() => readOptions(args, numbers)).toThrow(message);
  });

  it('have a seed of their own where none is given', () => {
    expect(readOptions([], numbers).seed).not.toBe(readOptions([], numbers).seed);
    expect(readOptions([], numbers)).toMatchObject({ seconds: 20, runs: undefined });
    expect(readOptions(['--runs', '5'], numbers)).toMatchObject({ seconds: undefined, runs: 5 });
  });
});

describe('its grammar', () => {
  it('has every message of the protocol, and only such', () => {
    const types = new Set<string>();
    const arbitrary = fitting(clientMessage);
    for (const value of fc.sample(arbitrary, { numRuns: 500, seed: 1 })) {
      expect(v.safeParse(clientMessage, value).issues).toBeUndefined();
      types.add((value as { type: string }).type);
    }
    expect([...types].sort()).toEqual(
      clientMessage.options.map(({ entries }) => entries.type.literal as string).sort(),
    );
  });

  it('says which kind of schema it does not know', () => {
    expect(() => fitting(v.bigint())).toThrow(/type bigint is not known to the fuzzer/);
  });

  it('changes bytes without touching those that it was given', () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    const changed = fc
      .sample(edits(), { numRuns: 200, seed: 1 })
      .map((list) => applyEdits(bytes, list).join());
    expect(bytes).toEqual(Uint8Array.from({ length: 100 }, (_, index) => index));
    expect(new Set(changed).size).toBeGreaterThan(50);
    expect(concat([...inPieces(bytes, [3, 50, 1])])).toEqual(bytes);
  });

  it('keeps the sizes around a box that it takes out true', () => {
    const file = box('moof', box('traf', box('tfhd', new Uint8Array(8)), box('trun', new Uint8Array(20))));
    const edited = applyBoxEdits(file, [{ type: 'tfhd', at: 0, how: 'drop', offset: 0, value: 0 }]);
    expect(findBox(edited, 'moof', 'traf', 'tfhd')).toBeUndefined();
    expect(findBox(edited, 'moof', 'traf', 'trun')?.body).toHaveLength(20);
    expect(edited).toHaveLength(file.length - 16);
  });
});
