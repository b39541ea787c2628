import type { FigureResult, Row, Unit } from './figure.js';
import { ratio, summarize } from './statistics.js';

const FORMATS: Record<Unit, (value: number) => string> = {
  seconds: (value) => `${value.toFixed(2)} s`,
  milliseconds: (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`,
  microseconds: (value) => `${value.toFixed(value < 10 ? 1 : 0)} µs`,
  count: (value) => value.toFixed(0),
  times: (value) => `${value.toFixed(2)} ×`,
  'per second': (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0)),
  percent: (value) => `${value.toFixed(2)} %`,
  megabytes: (value) => `${value.toFixed(1)} MB`,
  'megabytes per minute': (value) => `${value.toFixed(2)} MB/min`,
};

/** One number in words. */
export function format(unit: Unit, value: number): string {
  return Number.isFinite(value) ? FORMATS[unit](value) : '–';
}

/** A figure's roads, one a line; beside each value how many times the baseline's it is. */
export function table(title: string, { rows, baseline }: FigureResult): string {
  const columns = rows.filter(({ hidden }) => !hidden);
  const roads = [...new Set(columns.flatMap(({ values }) => Object.keys(values)))];
  const head = [title, ...columns.flatMap(({ what }) => [what, ''])];
  const lines = roads.map((road) => [`  ${road}`, ...columns.flatMap((row) => cell(row, road, baseline))]);
  const cells = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  // A heading stands over its value and the ratio beside it.
  const text = (line: string[], isHead: boolean): string =>
    line
      .map((value, column) => {
        if (column === 0) return value.padEnd(Math.max(widths[0] ?? 0, title.length));
        if (column % 2 === 0) return isHead ? '' : value.padEnd(widths[column] ?? 0);
        const least = (head[column]?.length ?? 0) - (widths[column + 1] ?? 0) - 1;
        const width = Math.max(widths[column] ?? 0, least);
        return isHead ? value.padStart(width + 1 + (widths[column + 1] ?? 0)) : value.padStart(width);
      })
      .reduce((sum, value, column) => sum + (column % 2 === 1 ? '   ' : isHead ? '' : ' ') + value)
      .trimEnd();
  return cells.map((line, index) => text(line, index === 0)).join('\n');
}

function cell(row: Row, road: string, baseline: string | undefined): [value: string, ratio: string] {
  const times = ratio(row, road, baseline);
  return [
    format(row.unit, summarize(row, road)),
    times === undefined ? '' : `(${times.toFixed(times < 1 ? 2 : 1)} ×)`,
  ];
}
