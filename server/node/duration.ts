const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Seconds of a text such as `90`, `90s`, `5m`, `12h` or `7d`.
 * @returns undefined where it is none
 */
export function readDuration(text: string): number | undefined {
  const [, digits, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * UNITS[unit]!;
}
