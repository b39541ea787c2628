import type { Row, Unit } from './figure.js';
import { ratio, summarize } from './statistics.js';

const FORMATS: Record<Unit, (value: number) => string> = {
  seconds: (value) => `${value.toFixed(2)} s`,
  count: (value) => String(value),
  'per second': (value) => value.toFixed(1),
};

/** One number in words. */
export function format(unit: Unit, value: number): string {
  return Number.isFinite(value) ? FORMATS[unit](value) : '–';
}

/** A figure's rows, a column for each road and, beside each but ours, how many times ours it is. */
export function table(title: string, rows: readonly Row[]): string {
  const [ours = '', ...others] = Object.keys(rows[0]?.values ?? {});
  const head = [title, ours, ...others.flatMap((other) => [other, 'ratio'])];
  const lines = rows.map((row) => [
    `  ${row.what}`,
    format(row.unit, summarize(row, ours)),
    ...others.flatMap((other) => {
      const times = ratio(row, ours, other);
      return [format(row.unit, summarize(row, other)), times === undefined ? '' : `${times.toFixed(1)} ×`];
    }),
  ]);
  const cells = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
