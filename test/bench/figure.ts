import type { Browser } from 'playwright-core';

/** One thing that the bench measures. Each is a file in `figures/` and an entry in `figures.ts`. */
export interface Figure {
  /** For `--only`. */
  name: string;
  /** What it is, in a few words. */
  title: string;
  /** What was done, for whoever reads the numbers. */
  method: string;
  measure(context: BenchContext): Promise<FigureResult>;
}

export interface BenchContext {
  browser: Browser;
  /** How long each viewer is watched, warm-up not counted. */
  seconds: number;
  /** Runs of each road; undefined: as many as the figure thinks right. */
  rounds: number | undefined;
  /** Says how far it is. */
  progress(line: string): void;
}

export interface FigureResult {
  rows: Row[];
}

/** One line of the table. */
export interface Row {
  what: string;
  unit: Unit;
  /** How the rounds become one number. */
  summary: 'median' | 'sum';
  /** By road, ours first; a value for each round. */
  values: Record<string, number[]>;
}

export type Unit = 'seconds' | 'count' | 'per second';
