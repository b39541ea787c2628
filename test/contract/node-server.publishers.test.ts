import { startNodeServerHost } from './node-server-host.js';
import { publishersContract } from './wire-contract.js';

publishersContract('@hono/node-server 2', startNodeServerHost);
