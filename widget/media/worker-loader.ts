type WorkerClass = new (url: URL, options: WorkerOptions) => Worker;

/** Longest that a worker may take to say `ready`, ms: loading its modules from a slow host. */
const READY_TIMEOUT = 5000;

/**
 * Starts a worker that says `{ type: 'ready' }` first. A page that loads this script from another origin may not make a
 * worker of that origin: a Blob of its own that imports it may be one, where the Content-Security-Policy has
 * `worker-src blob:`.
 * @param make calls `new Worker(new URL('./x.js', import.meta.url), { type: 'module' })` on its argument: bundlers look for
 *   exactly this expression
 * @throws Error where the page may have no worker
 */
export async function startWorker(make: (Worker: WorkerClass) => Worker): Promise<Worker> {
  try {
    return await ready(make(Worker));
  } catch {
    const objectUrl = URL.createObjectURL(
      new Blob([`import ${JSON.stringify(addressOf(make))};`], { type: 'text/javascript' }),
    );
    try {
      return await ready(new Worker(objectUrl, { type: 'module' }));
    } finally {
      URL.revokeObjectURL(objectUrl);
    }
  }
}

/**
 * Where a bundler has put the file of a worker, or of a worklet, which it does not know by itself.
 * @param make as of {@link startWorker}; nothing is started
 */
export function addressOf(make: (Worker: WorkerClass) => Worker): string {
  let address = '';
  make(
    class {
      constructor(url: URL) {
        address = String(url);
      }
    } as unknown as WorkerClass,
  );
  return address;
}

async function ready(worker: Worker): Promise<Worker> {
  const controller = new AbortController();
  const { signal } = controller;
  try {
    await new Promise<void>((resolve, reject) => {
      worker.addEventListener(
        'message',
        ({ data }: MessageEvent<{ type?: string } | null>) => {
          if (data?.type === 'ready') resolve();
        },
        { signal },
      );
      worker.addEventListener(
        'error',
        (event) => {
          event.preventDefault();
          reject(new Error('The worker cannot be loaded.'));
        },
        { signal },
      );
      const timer = setTimeout(() => reject(new Error('The worker does not answer.')), READY_TIMEOUT);
      signal.addEventListener('abort', () => clearTimeout(timer));
    });
    return worker;
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    controller.abort();
  }
}
