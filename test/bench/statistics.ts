import type { Row } from './figure.js';

/** The middle value, or the mean of the middle two. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** A road's rounds as one number. */
export function summarize({ values, summary }: Row, road: string): number {
  const rounds = values[road] ?? [];
  if (rounds.length === 0) return NaN;
  return summary === 'median' ? median(rounds) : rounds.reduce((sum, value) => sum + value, 0);
}

/**
 * How many times the baseline's value a road's is: the median over rounds of the ratio within a round, whose runs follow
 * each other and so had the most alike machine. Undefined where it means nothing.
 */
export function ratio(
  { values, summary }: Row,
  road: string,
  baseline: string | undefined,
): number | undefined {
  if (baseline === undefined || road === baseline || summary === 'sum') return undefined;
  const ratios = (values[road] ?? []).map((value, round) => value / (values[baseline]?.[round] ?? NaN));
  const result = median(ratios);
  return Number.isFinite(result) ? result : undefined;
}

/** The slope of the straight line that fits best (least squares). NaN of fewer than two points. */
export function slope(points: readonly { x: number; y: number }[]): number {
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  return mean(({ x, y }) => (x - meanX) * (y - meanY)) / mean(({ x }) => (x - meanX) ** 2);
}
