import { Hono, type Context } from 'hono';
import { etag } from 'hono/etag';
import { PlaybackError } from '../errors.js';
import { isStreamId } from '../protocol.js';
import { sendCompressible } from './compressed-body.js';
import { demoHeaders, DOCUMENT_HEADERS, embedHeaders, type PageOptions } from './security-headers.js';

/** A file that the server hands out beside the streams: the widget, its chunks, the demo. */
export interface Asset {
  body: Uint8Array<ArrayBuffer>;
  /** Its media type. */
  type: string;
  /** Its name changes whenever it does. */
  immutable: boolean;
}

/** Where assets come from; the Node adapter reads them from the package. */
export interface AssetStore {
  /** @param name for example `livedrop.js`, `assets/hls-1a2b.js` or `demo/broadcast.html` */
  read(name: string): Promise<Asset | undefined>;
}

/** Types that gzip makes smaller; pictures are compressed already. */
const COMPRESSIBLE = /^text\/|[/+](?:javascript|json|xml)\b/;

/** The widget, the page for iframes, and the demo. */
export function pageRoutes(assets: AssetStore, options: PageOptions): Hono {
  const app = new Hono();
  const send = (c: Context, name: string): Promise<Response> => sendAsset(c, assets, name, options);
  const named = (name: string) => (c: Context) => send(c, name);

  // What may change is asked for every time, and sent only when it has.
  app.use('/livedrop.js', etag());
  app.use('/demo/*', etag());
  app.get('/livedrop.js', named('livedrop.js'));
  app.get('/assets/:file', (c) => send(c, `assets/${c.req.param('file')}`));
  app.get('/', (c) => c.redirect(`${pathOf(c)}/demo/`));
  app.get('/demo', (c) => c.redirect(`${pathOf(c)}/`));
  app.get('/demo/', named('demo/index.html'));
  app.get('/demo/:file', (c) => send(c, `demo/${c.req.param('file')}`));
  app.get('/demo/assets/:file', (c) => send(c, `demo/assets/${c.req.param('file')}`));
  app.get('/embed/:streamId', async (c) => {
    const streamId = c.req.param('streamId');
    if (!isStreamId(streamId))
      throw new PlaybackError(404, 'a stream id has 1 to 64 letters, digits, _ or -');
    const headers = embedHeaders(c, options, streamId, await embedStyleHash());
    const page = embedPage(streamId, readToken(c.req.query('token')));
    return c.html(page, 200, { ...headers, 'Cache-Control': 'no-cache' });
  });
  return app;
}

/** Without a slash at its end, so that a mounted app leads to its own pages. */
function pathOf(c: Context): string {
  return new URL(c.req.url).pathname.replace(/\/$/, '');
}

async function sendAsset(
  c: Context,
  assets: AssetStore,
  name: string,
  options: PageOptions,
): Promise<Response> {
  const asset = await assets.read(name);
  if (!asset) throw new PlaybackError(404, `there is no '${name.slice(0, 80)}'`);
  const headers = {
    'Content-Type': asset.type,
    'Cache-Control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    // A page of any origin may load the widget; a sandboxed frame's is "null".
    'Access-Control-Allow-Origin': '*',
    ...DOCUMENT_HEADERS,
    ...(asset.type.startsWith('text/html') ? demoHeaders(c, options) : {}),
  };
  return COMPRESSIBLE.test(asset.type)
    ? sendCompressible(c, asset.body, headers)
    : c.body(asset.body, 200, headers);
}

/** @throws PlaybackError 400 for what is no JWT: the page says it again */
function readToken(value: string | undefined): string | undefined {
  if (value === undefined || /^[\w.-]{1,8192}$/.test(value)) return value;
  throw new PlaybackError(400, 'token is no playback token');
}

const EMBED_STYLE = `
      html, body, live-player { display: block; width: 100%; height: 100%; margin: 0; background: #000; }
      live-player { --livedrop-radius: 0; }
    `;

let styleHash: Promise<string> | undefined;

/** By which the page's Content-Security-Policy knows its style sheet. */
function embedStyleHash(): Promise<string> {
  return (styleHash ??= digest(EMBED_STYLE));
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}

/** The player alone. Neither a stream id nor a token needs escaping: their characters mean nothing in HTML. */
function embedPage(streamId: string, token: string | undefined): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="dark light" />
    <title>${streamId} – live</title>
    <link rel="icon" href="data:," />
    <style>${EMBED_STYLE}</style>
    <script type="module" src="../livedrop.js"></script>
  </head>
  <body>
    <live-player stream-id="${streamId}"${token ? ` token="${token}"` : ''} muted></live-player>
  </body>
</html>
`;
}
