import { startNodeServerHost } from './node-server-host.js';
import { wireContract } from './wire-contract.js';

wireContract('@hono/node-server 2', startNodeServerHost);
