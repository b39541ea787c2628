/**
 * What every demo page does with its address: `?stream=<id>` says which stream, `#token=<token>` opens a guarded one: what is behind the
 * `#` stays in the browser.
 */
import { isStreamId } from 'livedrop/protocol';

// Another token behind the `#` loads no page by itself.
addEventListener('hashchange', () => location.reload());

const parameters = new URLSearchParams(location.search);
const asked = parameters.get('stream') ?? '';
const streamId = isStreamId(asked) ? asked : 'demo';
const token = new URLSearchParams(location.hash.slice(1)).get('token');

for (const element of document.querySelectorAll('[data-stream]')) {
  element.setAttribute('stream-id', streamId);
  if (token) element.setAttribute('token', token);
}

for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href]')) {
  const url = new URL(link.href);
  if (url.origin === location.origin) link.href = withStream(url).href;
}

const field = document.querySelector<HTMLInputElement>('[data-stream-form] input');
if (field) field.value = streamId;

const watchLink = document.querySelector<HTMLInputElement>('[data-watch-link]');
if (watchLink) watchLink.value = withStream(new URL('watch.html', location.href)).href;

const copy = document.querySelector<HTMLButtonElement>('[data-copy]');
copy?.addEventListener('click', () => void copyLink(copy));

const snippet = document.querySelector('[data-snippet]');
if (snippet) {
  const script = new URL('../livedrop.js', location.href).href;
  snippet.textContent = snippet.textContent
    .replace('/livedrop.js', script)
    .replaceAll('"demo"', `"${streamId}"`);
}

/** A page's address with the stream and without the token: links are for everyone. */
function withStream(url: URL): URL {
  if (streamId !== 'demo') url.searchParams.set('stream', streamId);
  return url;
}

async function copyLink(button: HTMLButtonElement): Promise<void> {
  if (!watchLink) return;
  try {
    await navigator.clipboard.writeText(watchLink.value);
    button.textContent = 'Copied';
  } catch {
    // Only secure pages have a clipboard: the selected address is one key press away.
    watchLink.select();
  }
}
