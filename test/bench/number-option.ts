export interface NumberBounds {
  least: number;
  most: number;
  /** @default false: halves are fine, too */
  isWhole?: boolean;
}

/**
 * Reads an option of a command line.
 * @param option its name, with its dashes
 * @returns undefined where it was not given
 * @throws Error for what is no such number
 */
export function readNumberOption(
  option: string,
  text: string | undefined,
  { least, most, isWhole = false }: NumberBounds,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  // An empty text would be zero.
  if (text.trim() !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value))) {
    return value;
  }
  throw new Error(
    `${option} is "${text}". Give a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`,
  );
}
