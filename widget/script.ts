/** The script tag's entry: the server that served it is the backend of every element that names none. */
import { setDefaultBackendUrl } from './backend-url.js';
import { defineElements } from './define.js';

// Bundlers take `new URL('…', import.meta.url)` for an asset: here it is an address.
const scriptUrl = import.meta.url;
setDefaultBackendUrl(new URL('.', scriptUrl).href);
// Called by name: an import for its effect alone may be dropped as unused when this is bundled.
defineElements();

export * from './define.js';
