/** A number above 0 as it is; undefined in place of 0, NaN, and null as frameworks and attributes that were removed give it. */
export function positive(value: number | null | undefined): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
