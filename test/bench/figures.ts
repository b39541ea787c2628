import type { Figure } from './figure.js';
import { glassToGlass } from './figures/glass-to-glass.js';
import { goLive } from './figures/go-live.js';
import { join } from './figures/join.js';

/** In the order in which they are measured and printed. */
export const FIGURES: readonly Figure[] = [goLive, glassToGlass, join];
