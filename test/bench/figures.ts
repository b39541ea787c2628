import type { Figure } from './figure.js';
import { answers } from './figures/answers.js';
import { broadcastCost } from './figures/broadcast-cost.js';
import { glassToGlass } from './figures/glass-to-glass.js';
import { goLive } from './figures/go-live.js';
import { join } from './figures/join.js';
import { memory } from './figures/memory.js';
import { scaling } from './figures/scaling.js';
import { viewersPerCore } from './figures/viewers-per-core.js';

/** In the order in which they are measured and printed. */
export const FIGURES: readonly Figure[] = [
  goLive,
  glassToGlass,
  join,
  broadcastCost,
  answers,
  viewersPerCore,
  scaling,
  memory,
];
