import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Leaves `<script src="…/livedrop.js">` as it stands: the pages use the widget as any site would. */
const keepScriptTag: Plugin = {
  name: 'keep-script-tag',
  transformIndexHtml: {
    order: 'pre',
    handler: (html) => html.replaceAll(/<script(?=[^>]*\blivedrop\.js")/g, '<script vite-ignore'),
  },
};

const pages = readdirSync(path('demo')).filter((name) => name.endsWith('.html'));

/** The demo pages, as `dist/demo/*.html`. */
export default defineConfig({
  root: path('demo'),
  base: './',
  plugins: [keepScriptTag],
  resolve: {
    alias: [
      { find: /^livedrop$/, replacement: path('widget/index.ts') },
      { find: /^livedrop\/define$/, replacement: path('widget/define.ts') },
      { find: /^livedrop\/controllers$/, replacement: path('widget/controllers/index.ts') },
      { find: /^livedrop\/protocol$/, replacement: path('server/protocol.ts') },
    ],
  },
  build: {
    outDir: path('dist/demo'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    rolldownOptions: { input: pages.map((name) => path(`demo/${name}`)) },
  },
});
