// npm run fuzz: builds, since one target is the built server, then runs test/fuzz/index.ts.
import './node-version.mjs';
import { runProgram } from './program.mjs';

/** Every case bounds what it waits for; this is for what nobody thought of. `--seconds` goes up to a day for each target. */
await runProgram('fuzz', 8 * 24 * 60);
