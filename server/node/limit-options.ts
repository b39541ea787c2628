import { defaultLimits, type Limits } from '../options.js';
import { defaultHttpLimits, type HttpLimits } from './http-limits.js';
import { UsageError } from './usage-error.js';

/** Limits that were given by name, for {@link serve}. */
export interface GivenLimits {
  limits: Partial<Limits>;
  httpLimits: Partial<HttpLimits>;
}

/**
 * Reads `name=number` for each; whether a number is in its range is judged where it is used.
 * @throws UsageError naming what is no limit, or no number
 */
export function readLimits(given: readonly string[]): GivenLimits {
  const limits: Record<string, number> = {};
  const httpLimits: Record<string, number> = {};
  for (const each of given) {
    const [name = '', value = ''] = each.split(/=(.*)/s);
    const number = value.trim() === '' ? NaN : Number(value);
    if (Object.hasOwn(defaultLimits, name)) limits[name] = number;
    else if (Object.hasOwn(defaultHttpLimits, name)) httpLimits[name] = number;
    else
      throw new UsageError(`--limit is '${each}'; there is no limit '${name}': server/README.md lists them`);
    if (Number.isNaN(number)) throw new UsageError(`--limit is '${each}'; give ${name}=<number>`);
  }
  return { limits, httpLimits };
}
