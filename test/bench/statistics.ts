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
  return summary === 'median' ? median(rounds) : rounds.reduce((sum, value) => sum + value, 0);
}

/**
 * How many times another road's value is ours: the median over rounds of the ratio within a round, whose runs follow
 * each other and so had the most alike machine. Undefined where it means nothing.
 */
export function ratio({ values, unit }: Row, ours: string, other: string): number | undefined {
  if (unit !== 'seconds') return undefined;
  const ratios = (values[ours] ?? []).map((value, round) => (values[other]?.[round] ?? NaN) / value);
  const result = median(ratios);
  return Number.isFinite(result) ? result : undefined;
}
