import fc, { type Arbitrary } from 'fast-check';

/** What stands where something else should. */
const misfit: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    true,
    '',
    0,
    -1,
    0.5,
    1e308,
    -0,
    2 ** 53,
    [],
    {},
    'x'.repeat(70_000),
    '\0',
    '../..',
    'é',
    '😀',
  ),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString'),
  fc.jsonValue({ maxDepth: 3 }),
);

/** One change to a message. */
interface JsonEdit {
  /** Which of all its values, in order, modulo how many there are. */
  at: number;
  how: 'replace' | 'delete' | 'add';
  name: string;
  value: unknown;
}

const jsonEdit: Arbitrary<JsonEdit> = fc.record({
  at: fc.nat(40),
  how: fc.constantFrom('replace' as const, 'delete' as const, 'add' as const),
  name: fc.constantFrom('__proto__', 'constructor', 'toString', 'type', 'streamId', 'token', 'extra', ''),
  value: misfit,
});

/** Texts that begin as a message of this kind, most of them with something wrong about it. */
export function nearly(message: Arbitrary<unknown>): Arbitrary<string> {
  const changed = fc
    .tuple(message, fc.array(jsonEdit, { maxLength: 4 }))
    .map(([value, edits]) => edits.reduce(applyEdit, JSON.stringify(value)));
  const cut = fc.tuple(changed, fc.nat(200)).map(([text, at]) => text.slice(0, at));
  const raw = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.json(),
    fc.constantFrom(
      '',
      'null',
      '[]',
      '{}',
      '{"type":"clock","sent":1e999}',
      '{"__proto__":{"type":"clock","sent":1}}',
    ),
    fc.nat(20_000).map((depth) => '['.repeat(depth)),
    fc.nat(10_000).map((depth) => '{"type":'.repeat(depth)),
  );
  return fc.oneof(
    { weight: 6, arbitrary: changed },
    { weight: 1, arbitrary: cut },
    { weight: 2, arbitrary: raw },
  );
}

function applyEdit(text: string, { at, how, name, value }: JsonEdit): string {
  const root = { value: JSON.parse(text) as unknown };
  const places = [...walk(root)];
  const [holder, key] = places[at % places.length]!;
  // As properties of their own: JSON.parse makes `__proto__` one, too.
  const define = (object: object, property: string): unknown =>
    Object.defineProperty(object, property, { value, enumerable: true, configurable: true, writable: true });
  if (how === 'replace') define(holder, key);
  else if (how === 'delete' && holder !== root) Reflect.deleteProperty(holder, key);
  else if (how === 'add') define(holder === root ? asObject(root.value) : holder, name);
  return JSON.stringify(root.value) ?? 'null';
}

function* walk(holder: object): Generator<[object, string]> {
  for (const [key, value] of Object.entries(holder)) {
    yield [holder, key];
    if (typeof value === 'object' && value !== null) yield* walk(value);
  }
}

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});
