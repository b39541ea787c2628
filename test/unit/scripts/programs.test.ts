import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { suites } from '../../../.scripts/suites.mjs';
import { ensureTools, toolsOf } from '../../../.scripts/tools.mjs';

const folder = new URL('../../../.scripts/', import.meta.url);

it('every suite and every program that is run says which tools it uses', async () => {
  const names = Object.keys(suites);
  for (const file of (await readdir(folder)).filter((each) => each.endsWith('.mjs'))) {
    const script = await readFile(new URL(file, folder), 'utf8');
    names.push(...Array.from(script.matchAll(/^\s*await runProgram\('(\w+)'/gm), ([, name]) => name!));
  }
  expect(names).toEqual(expect.arrayContaining(['unit', 'e2e', 'bench', 'chaos', 'soak', 'fuzz']));
  for (const name of names) expect(toolsOf).toHaveProperty(name);
});

it('an unknown one is named', async () => {
  await expect(ensureTools(['juggling'])).rejects.toThrow(/juggling/);
});
