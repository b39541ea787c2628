// custom-elements.json describes both elements, and every attribute, event, part and property has words.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const elements = ['live-broadcaster', 'live-player'];

/** What the page that embeds an element must be able to set. */
const required = {
  'live-broadcaster': ['stream-id', 'user-id', 'token', 'backend-url', 'debug'],
  'live-player': ['stream-id', 'token', 'backend-url', 'cdn-url', 'debug'],
};

/** @returns {string[]} what is missing */
export function checkManifest() {
  const { schemaVersion, modules } = JSON.parse(readFileSync(join(root, 'custom-elements.json'), 'utf8'));
  const problems = [];
  if (!schemaVersion) problems.push('custom-elements.json has no schemaVersion.');
  const declarations = modules.flatMap((module) => module.declarations ?? []);
  for (const tagName of elements) {
    const element = declarations.find((each) => each.tagName === tagName);
    if (!element) {
      problems.push(
        `custom-elements.json has no <${tagName}>: its class needs the docblock tag @tag ${tagName}.`,
      );
      continue;
    }
    const attributes = element.attributes ?? [];
    for (const name of required[tagName]) {
      if (!attributes.some((attribute) => attribute.name === name))
        problems.push(`<${tagName}> has no attribute ${name}.`);
    }
    for (const kind of ['attributes', 'events', 'cssParts', 'cssProperties', 'slots']) {
      for (const { name, description } of element[kind] ?? []) {
        if (!description)
          problems.push(`<${tagName}>: ${name || 'the default'} (${kind}) has no description.`);
      }
    }
    if (!element.description) problems.push(`<${tagName}> has no description.`);
  }
  for (const { path } of modules) {
    if (!existsSync(join(root, path)))
      problems.push(`custom-elements.json names ${path}, which is not built.`);
  }
  return problems;
}
