import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Row } from './figure.js';
import type { Load, Machine } from './machine.js';
import { ratio, summarize } from './statistics.js';

const PATH = fileURLToPath(new URL('../../.cache/bench.json', import.meta.url));

export interface Report {
  /** ISO 8601. */
  startedAt: string;
  machine: Machine;
  loadAtEnd: Load;
  /** `rounds` undefined: each figure's own. */
  options: { seconds: number; rounds: number | undefined };
  figures: { name: string; title: string; method: string; rows: Row[] }[];
  /** Figures that could not be measured, and why. */
  failures: { name: string; message: string }[];
}

/** Writes it as JSON, with each row's summary beside its rounds. Returns the path, from where the bench was started. */
export async function writeReport({ figures, ...report }: Report): Promise<string> {
  const measured = figures.map(({ rows, ...figure }) => ({ ...figure, rows: rows.map(summarized) }));
  await mkdir(dirname(PATH), { recursive: true });
  await writeFile(PATH, `${JSON.stringify({ ...report, figures: measured }, null, 2)}\n`);
  return relative(process.cwd(), PATH);
}

function summarized(row: Row): object {
  const [ours = '', ...others] = Object.keys(row.values);
  const entries = <T>(roads: string[], value: (road: string) => T): Record<string, T> =>
    Object.fromEntries(roads.map((road) => [road, value(road)]));
  return {
    ...row,
    summaries: entries([ours, ...others], (road) => summarize(row, road)),
    ratios: entries(others, (road) => ratio(row, ours, road)),
  };
}
