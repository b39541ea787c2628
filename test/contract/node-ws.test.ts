import { beforeAll } from 'vitest';
import { installNodeWsProject, startNodeWsHost } from './node-ws-host.js';
import { wireContract } from './wire-contract.js';

beforeAll(installNodeWsProject, 120_000);

wireContract('@hono/node-ws with @hono/node-server 1', startNodeWsHost);
