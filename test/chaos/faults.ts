import type { Fault } from './fault.js';
import { CLIENTS } from './faults/clients.js';
import { FFMPEG } from './faults/ffmpeg.js';
import { MEDIA } from './faults/media.js';
import { PAGES } from './faults/pages.js';
import { PUBLISHER_NETWORK } from './faults/publisher-network.js';
import { SERVER } from './faults/server.js';

/** In the order in which they are done. */
export const FAULTS: readonly Fault[] = [
  ...CLIENTS,
  ...FFMPEG,
  ...MEDIA,
  ...PUBLISHER_NETWORK,
  ...PAGES,
  ...SERVER,
];
