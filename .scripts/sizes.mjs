// The size budgets of the script tag: gzipped bytes of every file of dist/browser, as a table.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './run.mjs';
import { filesIn } from './sources.mjs';

/** Gzipped bytes by file name; `*` stands for the hash. */
const budgets = JSON.parse(readFileSync(new URL('sizes.json', import.meta.url), 'utf8'));

const matches = (pattern, name) =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(name);

/**
 * Compares the built script tag with its budgets and prints the comparison.
 * @returns {string[]} what is wrong; empty when all is within its budget
 */
export function checkSizes() {
  const names = filesIn('dist/browser').map((path) =>
    path.replaceAll('\\', '/').slice('dist/browser/'.length),
  );
  const problems = [];
  const rows = [];
  for (const name of names.filter((each) => each.endsWith('.js'))) {
    const size = gzipSync(readFileSync(join(root, 'dist/browser', name)), { level: 9 }).length;
    const pattern = Object.keys(budgets).find((each) => matches(each, name));
    rows.push({ file: name, gzipped: size, budget: pattern ? budgets[pattern] : 'none' });
    if (!pattern) problems.push(`dist/browser/${name} has no budget: add one to .scripts/sizes.json.`);
    else if (size > budgets[pattern]) {
      problems.push(
        `dist/browser/${name} is ${size} bytes gzipped, ${size - budgets[pattern]} over its budget.`,
      );
    }
  }
  for (const pattern of Object.keys(budgets)) {
    if (!names.some((name) => matches(pattern, name)))
      problems.push(`dist/browser/${pattern} was not built.`);
  }
  console.table(rows);
  return problems;
}
