// The server behind the widget's tests: the real one, as built, on a free loopback port.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = new URL('../dist/server/node/index.js', import.meta.url);

/**
 * Starts it.
 * @returns its address, empty where the server is not built, and a plugin that stops it with the test runner
 */
export async function testServer() {
  if (!existsSync(fileURLToPath(entry))) return { url: '', plugin: { name: 'livedrop-server' } };
  const { serve } = await import(entry.href);
  const server = await serve({ port: 0 });
  return { url: server.url, plugin: { name: 'livedrop-server', serverStop: () => server.close() } };
}
