// npm run soak: builds, then runs test/soak/index.ts.
import './node-version.mjs';
import { runProgram } from './program.mjs';

/** `--minutes` goes up to a day. */
await runProgram('soak', 25 * 60);
