import { describe, expect, it } from 'vitest';
import { FIGURES } from '../../bench/figures.js';
import { help, readOptions } from '../../bench/options.js';

const ROADS = ['livedrop-200ms', 'ffmpeg-hls'];
const read = (...args: string[]) => readOptions(args, FIGURES, ROADS);

describe('readOptions', () => {
  it('measures everything by default', () => {
    expect(read()).toMatchObject({ only: [], roads: [], seconds: 10, minutes: 2, rounds: undefined });
  });

  it('takes single figures and roads, and says which there are', () => {
    expect(read('--only', 'join', '--only', 'answers', '--road', 'ffmpeg-hls')).toMatchObject({
      only: ['join', 'answers'],
      roads: ['ffmpeg-hls'],
    });
    expect(() => read('--only', 'joins')).toThrow('There is no figure "joins". There is go-live');
    expect(() => read('--road', 'hls')).toThrow('There is no road "hls". There is livedrop-200ms');
  });

  it.each([
    ['--seconds', '1'],
    ['--seconds', '3601'],
    ['--minutes', '181'],
    ['--rounds', '0'],
    ['--rounds', '1.5'],
    ['--rounds', 'many'],
  ])('refuses %s %s', (option, value) => {
    expect(() => read(option, value)).toThrow(option);
  });

  it('tells of all of it', () => {
    for (const { name } of FIGURES) expect(help(FIGURES, ROADS)).toContain(name);
  });
});
