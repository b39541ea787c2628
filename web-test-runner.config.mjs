import { esbuildPlugin } from '@web/dev-server-esbuild';
import { chromeLauncher } from '@web/test-runner-chrome';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultReporter } from '@web/test-runner';
import { countReporter } from './.scripts/count-reporter.mjs';
import { findChromium } from './.scripts/executables.mjs';
import { testServer } from './.scripts/test-server.mjs';

const seconds = 1000;
const root = fileURLToPath(new URL('.', import.meta.url));

/** A worker's address is no import, so that nobody else finds the source behind its `.js`. */
function workersFromSource(context, next) {
  const source = context.path.replace(/\.js$/, '.ts');
  if (context.path.startsWith('/widget/') && existsSync(join(root, source))) context.path = source;
  return next();
}

const { url: serverUrl, plugin: stopServer } = await testServer();

/** The widget's tests, in a real browser, against a real server: `globalThis.livedropServerUrl` is its address. */
export default {
  files: 'test/widget/**/*.test.ts',
  nodeResolve: { exportConditions: ['development', 'browser'] },
  hostname: '127.0.0.1',
  concurrency: 1,
  testsStartTimeout: 60 * seconds,
  testsFinishTimeout: 180 * seconds,
  testFramework: { config: { timeout: `${20 * seconds}` } },
  browsers: [
    chromeLauncher({
      launchOptions: {
        executablePath: findChromium(),
        args: [
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          '--use-fake-device-for-media-stream',
          '--use-fake-ui-for-media-stream',
          '--auto-select-desktop-capture-source=Entire screen',
          '--autoplay-policy=no-user-gesture-required',
          '--js-flags=--expose-gc',
        ],
      },
    }),
  ],
  middleware: [workersFromSource],
  plugins: [
    esbuildPlugin({
      ts: true,
      target: 'es2022',
      // Lit's decorators are the legacy ones; the widget's tsconfig says so.
      tsconfig: join(root, 'widget/tsconfig.json'),
    }),
    stopServer,
  ],
  reporters: [defaultReporter({ reportTestProgress: false }), countReporter()],
  testRunnerHtml: (testFramework) => `<!doctype html>
<html lang="en">
  <body>
    <script>globalThis.livedropServerUrl = ${JSON.stringify(serverUrl)};</script>
    <script type="module" src="${testFramework}"></script>
  </body>
</html>`,
};
