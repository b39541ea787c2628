import { columns } from '../bench/columns.js';
import { median, slope } from '../bench/statistics.js';

/** What is looked at, again and again. */
export interface Sample {
  /** Since the beginning, minutes. */
  minute: number;
  values: Record<MeasureName, number>;
}

/** One thing that must not grow. */
interface Measure {
  title: string;
  unit: string;
  digits: number;
  /**
   * Most growth over the second half: the larger of so much and of such a share of the median there. What is allowed is what the
   * garbage collector and a machine that others use make of something that stays as it is.
   */
  allowed: { absolute: number; share: number };
}

/** In the order of the table. */
export const MEASURES = {
  held: { title: 'heap and buffers held', unit: 'MB', digits: 1, allowed: { absolute: 3, share: 0.05 } },
  resident: { title: 'memory resident', unit: 'MB', digits: 1, allowed: { absolute: 20, share: 0.1 } },
  openFiles: { title: 'open files', unit: '', digits: 0, allowed: { absolute: 5, share: 0.02 } },
  sockets: { title: 'sockets', unit: '', digits: 0, allowed: { absolute: 5, share: 0.02 } },
  handles: { title: 'other handles', unit: '', digits: 0, allowed: { absolute: 5, share: 0.05 } },
  transcoders: { title: 'ffmpeg processes', unit: '', digits: 0, allowed: { absolute: 0.5, share: 0 } },
  delayP50: { title: 'part delay p50', unit: 'ms', digits: 0, allowed: { absolute: 20, share: 0.5 } },
  delayP95: { title: 'part delay p95', unit: 'ms', digits: 0, allowed: { absolute: 100, share: 1 } },
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;

/** What became of one measure. */
export interface Course {
  name: MeasureName;
  /** Medians of the first tenth, of the middle tenth and of the last tenth. */
  begin: number;
  middle: number;
  end: number;
  /** Over the second half, by the straight line that fits best. */
  growth: number;
  allowed: number;
  isFlat: boolean;
}

/** A line that one outlier turns is no trend: the line is laid through the medians of so many stretches. */
const STRETCHES = 8;

/** @param samples at least a few; the first half of them is for warming up */
export function courseOf(name: MeasureName, samples: readonly Sample[]): Course {
  const value = ({ values }: Sample): number => values[name];
  const half = samples.slice(Math.floor(samples.length / 2));
  const { absolute, share } = MEASURES[name].allowed;
  const medianOf = (some: readonly Sample[]): number => median(some.map(value).filter(Number.isFinite));
  const length = Math.max(1, Math.floor(half.length / STRETCHES));
  const points: { x: number; y: number }[] = [];
  for (let at = 0; at + length <= half.length; at += length) {
    const stretch = half.slice(at, at + length);
    points.push({ x: median(stretch.map(({ minute }) => minute)), y: medianOf(stretch) });
  }
  const minutes = half.at(-1)!.minute - half[0]!.minute;
  const growth = slope(points.filter(({ y }) => Number.isFinite(y))) * minutes;
  const allowed = Math.max(absolute, share * medianOf(half));
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  const middle = Math.floor((samples.length - tenth) / 2);
  return {
    name,
    begin: medianOf(samples.slice(0, tenth)),
    middle: medianOf(samples.slice(middle, middle + tenth)),
    end: medianOf(samples.slice(-tenth)),
    growth,
    allowed,
    // What could not be measured is not flat.
    isFlat: growth <= allowed,
  };
}

/** One line a measure. */
export function table(courses: readonly Course[]): string {
  const head = ['', 'begin', 'middle', 'end', 'growth over 2nd half', 'allowed', ''];
  const lines = courses.map(({ name, begin, middle, end, growth, allowed, isFlat }) => {
    const { title, unit, digits } = MEASURES[name];
    const text = (value: number): string =>
      Number.isFinite(value) ? `${value.toFixed(digits)}${unit && ` ${unit}`}` : '–';
    const signed = `${growth > 0 ? '+' : ''}${text(growth)}`;
    return [title, text(begin), text(middle), text(end), signed, text(allowed), isFlat ? 'flat' : 'GROWS'];
  });
  return columns([head, ...lines]).join('\n');
}
