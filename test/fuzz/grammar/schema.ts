import fc, { type Arbitrary } from 'fast-check';

/** The parts of a valibot schema that tell what fits it. */
interface Schema {
  type: string;
  pipe?: readonly (Schema & { kind: string; requirement?: unknown })[];
  entries?: Record<string, Schema>;
  options?: readonly (Schema | string)[];
  wrapped?: Schema;
  item?: Schema;
  literal?: unknown;
}

/** Values for a field of this name, instead of those that its schema allows. */
export type Overrides = Record<string, Arbitrary<unknown>>;

/**
 * What a valibot schema allows, and the ends of its ranges most of all. A schema that grows, or a message that is new, is covered without
 * another word here.
 * @throws Error for a kind of schema that it does not know
 */
export function fitting(schema: unknown, overrides: Overrides = {}): Arbitrary<unknown> {
  return read(schema as Schema, overrides);
}

function read(schema: Schema, overrides: Overrides): Arbitrary<unknown> {
  const { type, entries = {}, options = [], wrapped, item } = schema;
  switch (type) {
    case 'variant':
    case 'union':
      return fc.oneof(...options.map((option) => read(option as Schema, overrides)));
    case 'picklist':
      return fc.constantFrom(...options);
    case 'object':
    case 'strict_object':
    case 'loose_object':
      return readObject(entries, overrides);
    case 'optional':
    case 'exact_optional':
    case 'undefinedable':
      return fc.option(read(wrapped!, overrides), { nil: undefined });
    case 'nullable':
    case 'nullish':
      return fc.option(read(wrapped!, overrides), { nil: null });
    case 'literal':
      return fc.constant(schema.literal);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(read(item!, overrides), lengths(schema, 16));
    case 'string':
      return readString(schema);
    case 'number':
      return readNumber(schema);
    case 'unknown':
    case 'any':
      return fc.jsonValue();
    default:
      throw new Error(`A schema of type ${type} is not known to the fuzzer; add it to test/fuzz/grammar.`);
  }
}

function readObject(entries: Record<string, Schema>, overrides: Overrides): Arbitrary<unknown> {
  const fields = Object.entries(entries).map(
    ([name, entry]) => [name, overrides[name] ?? read(entry, overrides)] as const,
  );
  return fc.record(Object.fromEntries(fields));
}

/** Of an action in a schema's pipe, in which other pipes may be: the last one is the strictest. */
function requirement({ pipe = [] }: Schema, type: string): unknown {
  for (const each of pipe.toReversed()) {
    if (each.type === type && each.requirement !== undefined) return each.requirement;
    const inner = requirement(each, type);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function lengths(schema: Schema, most: number): { minLength: number; maxLength: number } {
  const minLength = (requirement(schema, 'min_length') as number | undefined) ?? 0;
  const limit = (requirement(schema, 'max_length') as number | undefined) ?? most;
  return { minLength, maxLength: Math.min(limit, Math.max(most, minLength)) };
}

function readString(schema: Schema): Arbitrary<string> {
  const pattern = requirement(schema, 'regex') as RegExp | undefined;
  if (pattern) return fc.stringMatching(pattern);
  const { minLength, maxLength } = lengths(schema, 200);
  // Of code points, some of which are two of what a string counts.
  return fc.string({ unit: 'binary', minLength, maxLength: Math.max(minLength, maxLength >> 1) });
}

function readNumber(schema: Schema): Arbitrary<number> {
  const above = requirement(schema, 'gt_value') as number | undefined;
  const least = (requirement(schema, 'min_value') as number | undefined) ?? above;
  const most = requirement(schema, 'max_value') as number | undefined;
  const isWhole = requirement(schema, 'integer') !== undefined;
  const range = { min: least ?? -Number.MAX_SAFE_INTEGER, max: most ?? Number.MAX_SAFE_INTEGER };
  if (isWhole) return fc.oneof(fc.integer(range), fc.constantFrom(range.min, range.max));
  const minExcluded = above !== undefined;
  const inRange = fc.double({ ...range, minExcluded, noNaN: true });
  return fc.oneof(inRange, fc.constantFrom(...(minExcluded ? [] : [range.min]), range.max));
}
