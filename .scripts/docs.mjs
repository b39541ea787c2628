// Every export of a public entry has a docstring: checked in the declarations that the package ships.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './run.mjs';

const declaration =
  /^export (?:declare |abstract |default )*(?:class|function|const|let|interface|type|enum|namespace) (\w+)/;

/** Whether the line before a declaration, decorators and overloads aside, ends a docstring. */
function hasDocs(lines, index) {
  let before = index - 1;
  while (before >= 0 && /^@\w/.test(lines[before])) before -= 1;
  return before >= 0 && lines[before].trimEnd().endsWith('*/');
}

/**
 * The exports of a module, followed through its re-exports.
 * @returns {Map<string, { path: string, documented: boolean }>} by exported name
 */
function exportsOf(path, seen = new Set()) {
  const found = new Map();
  if (seen.has(path) || !existsSync(path)) return found;
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  lines.forEach((line, index) => {
    const name = declaration.exec(line)?.[1];
    if (!name) return;
    const documented = hasDocs(lines, index) || found.get(name)?.documented === true;
    found.set(name, { path, documented });
  });
  const resolve = (specifier) => join(dirname(path), specifier.replace(/\.js$/, '.d.ts'));
  for (const [, specifier] of text.matchAll(/^export (?:type )?\* from ['"](\.[^'"]+)['"]/gm)) {
    for (const [name, entry] of exportsOf(resolve(specifier), seen)) found.set(name, entry);
  }
  for (const [, names, specifier] of text.matchAll(
    /^export (?:type )?\{([^}]*)\} from ['"](\.[^'"]+)['"]/gm,
  )) {
    const inner = exportsOf(resolve(specifier));
    for (const each of names
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean)) {
      const [original, exported = original] = each.replace(/^type /, '').split(' as ');
      if (inner.has(original)) found.set(exported, inner.get(original));
    }
  }
  return found;
}

/** @returns {string[]} one line an export that says nothing about itself */
export function checkDocs() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const problems = new Map();
  for (const [entry, target] of Object.entries(exports)) {
    if (!target.types) continue;
    for (const [name, { path, documented }] of exportsOf(join(root, target.types))) {
      const source = relative(join(root, 'dist'), path).replace(/\.d\.ts$/, '.ts');
      const problem = `${name} (${source}, exported by livedrop${entry.slice(1)}) has no docstring.`;
      if (!documented && !problems.has(path + name)) problems.set(path + name, problem);
    }
  }
  return [...problems.values()];
}
