import type { FuzzTarget } from './target.js';
import { api } from './targets/api.js';
import { containers } from './targets/containers.js';
import { ffmpeg } from './targets/ffmpeg.js';
import { fragments } from './targets/fragments.js';
import { frames } from './targets/frames.js';
import { http } from './targets/http.js';
import { messages } from './targets/messages.js';

/** In the order in which they run. */
export const TARGETS: readonly FuzzTarget[] = [messages, frames, containers, fragments, http, api, ffmpeg];
