import { columns } from './columns.js';
import type { Figure, FigureResult, Goal } from './figure.js';
import { ratio, summarize } from './statistics.js';
import { format } from './table.js';

/** What became of one goal. */
export interface Outcome {
  /** The figure, the row and the road. */
  what: string;
  value: string;
  /** How many times the baseline's it is; empty where there is none. */
  ratio: string;
  goal: string;
  /** Undefined: it was not measured. */
  isReached: boolean | undefined;
}

type Measured = Pick<Figure, 'name' | 'goals'> & FigureResult;

/** One outcome for each goal and each of its roads. */
export function outcomesOf({ name, goals, ...result }: Measured): Outcome[] {
  return goals.flatMap((goal) => goal.roads.map((road) => outcomeOf(name, goal, road, result)));
}

function outcomeOf(figure: string, goal: Goal, road: string, { rows, baseline }: FigureResult): Outcome {
  const row = rows.find(({ what }) => what === goal.row);
  if (!row) throw new Error(`${figure} has a goal for "${goal.row}", and measures nothing of that name`);
  const times = ratio(row, road, baseline);
  const value = summarize(row, road);
  const judged = goal.isRatio ? (times ?? NaN) : value;
  const bound = goal.most ?? goal.least;
  const isReached = goal.most === undefined ? judged >= bound! : judged <= bound!;
  const amount = goal.isRatio ? `${bound} ×` : format(row.unit, bound!);
  return {
    what: `${figure}: ${goal.row}, ${road}`,
    value: format(row.unit, value),
    ratio: times === undefined ? '' : `${times.toFixed(2)} ×`,
    goal: `${goal.most === undefined ? '≥' : '≤'} ${amount}${goal.by ? ` (${goal.by})` : ''}`,
    isReached: Number.isFinite(judged) ? isReached : undefined,
  };
}

/** Everything that is to be reached, in one table. */
export function goalTable(figures: readonly Measured[]): string {
  const lines = figures
    .flatMap(outcomesOf)
    .map(({ what, value, ratio: times, goal, isReached }) => [
      what,
      value,
      times,
      goal,
      isReached === undefined ? '–' : isReached ? '✓' : '✗',
    ]);
  return columns([['to be reached', 'value', 'of baseline', 'goal', ''], ...lines]).join('\n');
}
