import { startNodeWsHost } from './node-ws-host.js';
import { viewersContract } from './wire-contract.js';

viewersContract('@hono/node-ws with @hono/node-server 1', startNodeWsHost);
