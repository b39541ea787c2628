import type { Page } from 'playwright-core';
import { BenchServer } from '../servers/livedrop.js';
import type { EmptyPage, Road } from './road.js';

export interface LivedropOptions {
  /** Wanted length of a part, seconds. */
  partDuration: number;
  /** Attribute of the broadcaster. */
  encoder: 'webcodecs' | 'mediarecorder';
  /** Attribute of the player. Default: none. */
  latency?: 'instant';
}

/** By an element's name. */
type Attributes = Record<string, Record<string, string>>;

/** The built server, and the demo's pages with these attributes. */
export function livedrop({ partDuration, encoder, latency }: LivedropOptions) {
  return async (name: string): Promise<Road> => {
    const server = await BenchServer.start({ packaging: { partDuration } });
    const attributes: Attributes = {
      'live-broadcaster': { encoder },
      'live-player': latency ? { latency } : {},
    };
    return {
      name,
      url: server.url,
      prepare: async (page) => {
        await page.addInitScript(setAttributes, attributes);
      },
      waits: (viewer) => viewer.locator('live-player[state="waiting"]').waitFor(),
      openEmpty: (page) => openEmpty(page, server.url),
      // A page that is closed may come back: the server would hold its stream, beside the runs to come.
      endStream: (broadcaster) =>
        broadcaster
          .locator('live-broadcaster')
          .evaluate((element) => (element as unknown as { stop(): Promise<void> }).stop()),
      problems: () => [],
      close: () => server.stop(),
    };
  };
}

/** In a page, before anything of it is parsed: the elements have them before they are defined. */
function setAttributes(attributesOf: Attributes): void {
  new MutationObserver((mutations) => {
    for (const node of mutations.flatMap(({ addedNodes }) => [...addedNodes])) {
      for (const [name, value] of Object.entries(attributesOf[node.nodeName.toLowerCase()] ?? {})) {
        (node as Element).setAttribute(name, value);
      }
    }
  }).observe(document, { childList: true, subtree: true });

  const page = window as unknown as EmptyPage;
  page.insertPlayer = async (streamId) => {
    const player = document.createElement('live-player');
    const attributes = { 'stream-id': streamId, muted: '', ...attributesOf['live-player'] };
    for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
    document.body.append(player);
    for (;;) {
      const video = player.shadowRoot?.querySelector('video');
      if (video) return video;
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
}

async function openEmpty(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/demo/index.html`);
  await page.addScriptTag({ type: 'module', url: `${url}/livedrop.js` });
  await page.evaluate(async () => {
    await customElements.whenDefined('live-player');
  });
}
