// Says so in words when this Node.js is too old. Import it first: what follows may not even parse there.
import { readFileSync } from 'node:fs';

const wanted = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).engines.node;
const [major, minor] = wanted.match(/\d+/g).map(Number);
const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);

if (ownMajor < major || (ownMajor === major && ownMinor < (minor || 0))) {
  console.error(
    `Livedrop needs Node.js ${major}.${minor || 0} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      'Install a current one from https://nodejs.org, or with your version manager, and run the command again.',
  );
  process.exit(1);
}
