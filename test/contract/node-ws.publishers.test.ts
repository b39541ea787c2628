import { startNodeWsHost } from './node-ws-host.js';
import { publishersContract } from './wire-contract.js';

publishersContract('@hono/node-ws with @hono/node-server 1', startNodeWsHost);
