import { readFile, readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';

const widget = new URL('../../../widget/', import.meta.url);

// Whoever styles an element finds its parts there, and in custom-elements.json, which is made of it.
it.each(['broadcaster', 'player'])('the docblock of <live-%s> names every part', async (name) => {
  const element = await readFile(new URL(`live-${name}.ts`, widget), 'utf8');
  const documented = new Set<string>();
  for (const [, part, also] of element.matchAll(/@csspart ([\w-]+)(.*)/g)) {
    documented.add(part!);
    for (const [, other] of also!.matchAll(/`([\w-]+)`/g)) documented.add(other!);
  }
  const files = (await readdir(new URL('elements/', widget))).filter((file) => file.startsWith(name));
  const templates = await Promise.all(
    files.map((file) => readFile(new URL(`elements/${file}`, widget), 'utf8')),
  );
  const parts = [element, ...templates]
    .flatMap((source) => [...source.matchAll(/\spart="([^"]*)"/g)])
    .flatMap(([, value]) => value!.split(' '))
    .filter((part) => !part.startsWith('$'));
  expect(parts.length).toBeGreaterThan(15);
  expect(parts.filter((part) => !documented.has(part))).toEqual([]);
});
