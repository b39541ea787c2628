import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childrenOf, runningOf } from './processes.js';
import { WebDriverSession } from './webdriver-session.js';

const first = (paths: readonly (string | undefined)[]) => paths.find((path) => path && existsSync(path));

const driverPath = first([process.env['WEBKIT_DRIVER_PATH'], '/usr/bin/WebKitWebDriver']);
const miniBrowserPath = first([
  process.env['MINIBROWSER_PATH'],
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
  '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
]);
const displayPath = first(['/usr/bin/Xvfb']);

/** Whether WebKitGTK, its driver and a virtual display are installed. */
export const hasWebKit = Boolean(driverPath && miniBrowserPath && displayPath);

/** GStreamer looks through all its plug-ins where it has no list of them, which takes seconds. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/livedrop/webkit/', import.meta.url));

/** For each of the processes to begin, or to end by itself, ms. */
const PATIENCE = 15_000;
const END_PATIENCE = 3000;

/** WebKitGTK's MiniBrowser with one tab, on a display of its own. */
export class WebKitBrowser {
  #session: WebDriverSession | undefined;
  #display: ChildProcess | undefined;
  #driver: ChildProcess | undefined;
  #home = '';

  private constructor() {}

  /** @throws Error where WebKitGTK is not installed, or does not begin in time */
  static async launch(): Promise<WebKitBrowser> {
    const browser = new WebKitBrowser();
    try {
      await browser.#start();
      return browser;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** Resolves when the page is loaded. */
  async goto(url: string): Promise<void> {
    await this.#session!.send('POST', '/url', { url });
  }

  /**
   * Runs a function in the page.
   * @param body uses nothing from outside itself
   * @returns what it returns or resolves with
   * @throws Error with the words of what it throws
   */
  async evaluate<Argument, Result>(
    body: (argument: Argument) => Result,
    argument: Argument,
  ): Promise<Awaited<Result>> {
    const script = `
      const [argument, done] = arguments;
      Promise.resolve(argument).then(${body.toString()}).then(
        (value) => done({ value }),
        (error) => done({ error: String(error) }),
      );`;
    // `null` stands for `undefined`, which JSON does not have.
    const answer = await this.#session!.send('POST', '/execute/async', { script, args: [argument ?? null] });
    const { value, error } = answer as { value: Awaited<Result>; error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** Ends all that was started. */
  async close(): Promise<void> {
    const browser = this.#driver?.pid === undefined ? [] : await descendantsOf(this.#driver.pid);
    await this.#session?.send('DELETE', '').catch(() => {});
    await end(this.#driver);
    await end(this.#display);
    await ended(browser);
    if (this.#home) await rm(this.#home, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    if (!driverPath || !miniBrowserPath || !displayPath) throw new Error('WebKitGTK is not installed.');
    this.#home = await mkdtemp(join(tmpdir(), 'livedrop-webkit-'));
    await mkdir(CACHE, { recursive: true });
    const port = await freePort();
    const display = await this.#startDisplay(displayPath);
    this.#driver = spawn(driverPath, [`--port=${port}`, '--host=127.0.0.1'], {
      stdio: 'ignore',
      env: {
        ...process.env,
        DISPLAY: display,
        HOME: this.#home,
        XDG_RUNTIME_DIR: this.#home,
        XDG_CACHE_HOME: CACHE,
        // Otherwise buses and daemons of a desktop begin, and outlive the browser.
        DBUS_SESSION_BUS_ADDRESS: 'disabled:',
        GSETTINGS_BACKEND: 'memory',
        NO_AT_BRIDGE: '1',
        LIBGL_ALWAYS_SOFTWARE: '1',
      },
    });
    const options = { binary: miniBrowserPath, args: ['--automation', '--autoplay-policy=allow'] };
    this.#session = await WebDriverSession.open(
      `http://127.0.0.1:${port}`,
      { 'webkitgtk:browserOptions': options },
      PATIENCE,
    );
  }

  async #startDisplay(path: string): Promise<string> {
    // It takes a number that is free, and writes it to descriptor 3.
    const display = spawn(path, ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    this.#display = display;
    const signal = AbortSignal.timeout(PATIENCE);
    const [number] = (await once(display.stdio[3]!, 'data', { signal })) as [Buffer];
    return `:${number.toString().trim()}`;
  }
}

/** The driver takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function descendantsOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_PATIENCE);
  await exited;
  clearTimeout(timer);
}

/** Resolves when processes that are no children of this one have ended, which they do without a display. */
async function ended(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + END_PATIENCE;
  for (let running = [...pids]; running.length > 0; running = await runningOf(running)) {
    if (performance.now() > deadline) for (const pid of running) process.kill(pid, 'SIGKILL');
    await delay(50);
  }
}
