import { exactness } from './llhls/exactness.js';
import { startNodeServerHost } from './node-server-host.js';

exactness(startNodeServerHost, 0.2);
exactness(startNodeServerHost, 0.1);
