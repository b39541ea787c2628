// Before the tests, once for all of their files.
export { installNodeWsProject as setup } from './node-ws-host.js';
