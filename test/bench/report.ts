import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure, FigureResult, Row } from './figure.js';
import type { Load, Machine } from './machine.js';
import type { BenchOptions } from './options.js';
import { ratio, summarize } from './statistics.js';

const PATH = fileURLToPath(new URL('../../.cache/bench.json', import.meta.url));

export interface Report {
  /** ISO 8601. */
  startedAt: string;
  machine: Machine;
  loadAtEnd: Load;
  /** `rounds` undefined: each figure's own. */
  options: Omit<BenchOptions, 'help'>;
  figures: (Pick<Figure, 'name' | 'title' | 'method' | 'goals'> & FigureResult)[];
  /** Figures that could not be measured, and why. */
  failures: { name: string; message: string }[];
}

/** Writes it as JSON, with each row's summary beside its rounds. Returns the path, from where the bench was started. */
export async function writeReport({ figures, ...report }: Report): Promise<string> {
  const measured = figures.map(({ rows, ...figure }) => ({
    ...figure,
    rows: rows.map((row) => summarized(row, figure.baseline)),
  }));
  await mkdir(dirname(PATH), { recursive: true });
  await writeFile(PATH, `${JSON.stringify({ ...report, figures: measured }, null, 2)}\n`);
  return relative(process.cwd(), PATH);
}

function summarized(row: Row, baseline: string | undefined): object {
  const ofEach = <T>(value: (road: string) => T): Record<string, T> =>
    Object.fromEntries(Object.keys(row.values).map((road) => [road, value(road)]));
  return {
    ...row,
    summaries: ofEach((road) => summarize(row, road)),
    ratios: ofEach((road) => ratio(row, road, baseline)),
  };
}
