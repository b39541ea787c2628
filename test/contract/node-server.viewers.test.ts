import { startNodeServerHost } from './node-server-host.js';
import { viewersContract } from './wire-contract.js';

viewersContract('@hono/node-server 2', startNodeServerHost);
