import { describe } from 'vitest';
import { aac } from './clauses/aac.js';
import { access } from './clauses/access.js';
import { badInput } from './clauses/bad-input.js';
import { badFrames } from './clauses/bad-frames.js';
import { blockingReload } from './clauses/blocking-reload.js';
import { frames } from './clauses/frames.js';
import { confusion } from './clauses/confusion.js';
import { keys } from './clauses/keys.js';
import { limits } from './clauses/limits.js';
import { liveMp4 } from './clauses/live-mp4.js';
import { messages } from './clauses/messages.js';
import { mounting } from './clauses/mounting.js';
import { origins } from './clauses/origins.js';
import { playlists } from './clauses/playlists.js';
import { privatePlayback } from './clauses/private-playback.js';
import { publishing } from './clauses/publishing.js';
import { quotas } from './clauses/quotas.js';
import { restarting } from './clauses/restarting.js';
import { resuming } from './clauses/resuming.js';
import { shuttingDown } from './clauses/shutting-down.js';
import { status } from './clauses/status.js';
import { viewers } from './clauses/viewers.js';
import { windows } from './clauses/windows.js';
import type { StartHost } from './implementation.js';

/**
 * What clients may rely on, whatever Hono `upgradeWebSocket` and runtime the server is on: of those who publish. It comes in two
 * halves of about the same length, so that they can run side by side.
 */
export function publishersContract(name: string, startHost: StartHost): void {
  describe(`the wire contract on ${name}`, () => {
    publishing(startHost);
    frames(startHost);
    badFrames(startHost);
    messages(startHost);
    badInput(startHost);
    limits(startHost);
    resuming(startHost);
    keys(startHost);
    origins(startHost);
    shuttingDown(startHost);
    restarting(startHost);
  });
}

/** The other half: of those who watch, and of who may. */
export function viewersContract(name: string, startHost: StartHost): void {
  describe(`the wire contract on ${name}`, () => {
    viewers(startHost);
    playlists(startHost);
    windows(startHost);
    aac(startHost);
    blockingReload(startHost);
    liveMp4(startHost);
    status(startHost);
    quotas(startHost);
    access(startHost);
    privatePlayback(startHost);
    confusion(startHost);
    mounting(startHost);
  });
}
