import { setTimeout as delay } from 'node:timers/promises';

/** Longest script, ms. */
const SCRIPT_TIMEOUT = 30_000;

/** Between two attempts to reach a driver that has just been started, ms. */
const RETRY_DELAY = 100;

/** A session of a browser's driver, by the W3C's WebDriver protocol. */
export class WebDriverSession {
  private constructor(private readonly url: string) {}

  /**
   * Resolves when the browser has started.
   * @param driver its address, without a slash at the end; it need not listen yet
   * @param capabilities WebDriver §7: what the browser has to be
   * @param patience ms for the driver to listen
   */
  static async open(driver: string, capabilities: object, patience: number): Promise<WebDriverSession> {
    await untilItListens(driver, patience);
    const alwaysMatch = { ...capabilities, timeouts: { script: SCRIPT_TIMEOUT } };
    const value = await request('POST', `${driver}/session`, { capabilities: { alwaysMatch } });
    return new WebDriverSession(`${driver}/session/${(value as { sessionId: string }).sessionId}`);
  }

  /**
   * Sends a command (WebDriver §6.2).
   * @param path within the session, for example `/url`
   * @throws Error with the driver's words
   */
  send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    return request(method, `${this.url}${path}`, body);
  }
}

async function untilItListens(driver: string, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      await request('GET', `${driver}/status`);
      return;
    } catch (cause) {
      if (performance.now() > deadline) {
        throw new Error(`no driver listens at ${driver} after ${patience} ms`, { cause });
      }
      await delay(RETRY_DELAY);
    }
  }
}

async function request(method: string, url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(SCRIPT_TIMEOUT + 5000),
  });
  const { value } = (await response.json()) as { value: { error?: string; message?: string } | null };
  if (!response.ok) throw new Error(`${method} ${url}: ${value?.error} (${value?.message})`);
  return value;
}
