import type { Browser } from 'playwright-core';

/** One thing that the bench measures. Each is a file in `figures/` and an entry in `figures.ts`. */
export interface Figure {
  /** For `--only`. */
  name: string;
  /** What it is, in a few words. */
  title: string;
  /** What was done, for whoever reads the numbers. */
  method: string;
  /** What is to be reached. */
  goals: readonly Goal[];
  measure(context: BenchContext): Promise<FigureResult>;
}

/** A bound, of one row's number for each of some roads. */
export interface Goal {
  /** See {@link Row.what}. */
  row: string;
  roads: readonly string[];
  /** In the row's unit; one of these two is given. */
  most?: number;
  least?: number;
  /** The bound is of how many times the baseline's the number is. */
  isRatio?: true;
  /** The option with which it has to be measured. */
  by?: string;
}

export interface BenchContext {
  /** Started when the first figure asks for it. */
  browser(): Promise<Browser>;
  /** How long each thing is watched, warm-up not counted. */
  seconds: number;
  /** The same for what takes long to show: a leak. */
  minutes: number;
  /** Runs of each road; undefined: as many as the figure thinks right. */
  rounds: number | undefined;
  /** Names of roads; empty: all that the figure compares. */
  roads: readonly string[];
  /** Folder for processor profiles of Livedrop's server; undefined: none are made. */
  profiles: string | undefined;
  /** Says how far it is. */
  progress(line: string): void;
}

export interface FigureResult {
  /** With what the others are compared; undefined: no ratios. */
  baseline?: string;
  rows: Row[];
}

/** One thing told of every road. */
export interface Row {
  what: string;
  unit: Unit;
  /** How the rounds become one number. */
  summary: 'median' | 'sum';
  /** In the JSON alone. */
  hidden?: boolean;
  /** By road, ours first; a value for each round. */
  values: Record<string, number[]>;
}

/** `percent` is of one core. */
export type Unit =
  | 'seconds'
  | 'milliseconds'
  | 'microseconds'
  | 'count'
  | 'times'
  | 'per second'
  | 'percent'
  | 'megabytes'
  | 'megabytes per minute';
