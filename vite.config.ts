import { defineConfig } from 'vite';

/** The script tag: `dist/browser/livedrop.js`, with hls.js in a chunk of its own that is loaded on first play. */
export default defineConfig({
  // Chunks are found beside the script, whatever host and path serve it.
  base: './',
  publicDir: false,
  build: {
    outDir: 'dist/browser',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    modulePreload: false,
    rolldownOptions: {
      input: { livedrop: 'widget/script.ts' },
      preserveEntrySignatures: 'strict',
      output: {
        format: 'es',
        entryFileNames: '[name].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
});
