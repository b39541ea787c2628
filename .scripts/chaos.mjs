// npm run chaos: builds, then runs test/chaos/index.ts.
import './node-version.mjs';
import { runProgram } from './program.mjs';

/** A full run takes less than half an hour; every wait is bounded, and this is for what nobody thought of. */
await runProgram('chaos', 120);
