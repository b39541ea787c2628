import { HttpConnection } from './http-connection.js';
import type { Viewer, ViewerEvents } from './viewer.js';

/** Asks for the same files again and again, at the pace of a stream: what a server of files would do for a viewer. */
export class StaticViewer implements Viewer {
  readonly #connection: HttpConnection;
  readonly #timer: NodeJS.Timeout;

  /** @param interval between rounds, seconds */
  constructor(url: URL, paths: readonly string[], interval: number, { onPart, onFailure }: ViewerEvents) {
    this.#connection = new HttpConnection(url);
    let isBusy = false;
    let round = 0;
    const ask = async (): Promise<void> => {
      if (isBusy) return;
      isBusy = true;
      for (const path of paths) {
        const { status } = await this.#connection.get(path);
        if (status !== 200) throw new Error(`${status} ${path}`);
      }
      isBusy = false;
      onPart(round++);
    };
    this.#timer = setInterval(() => void ask().catch(onFailure), interval * 1000);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#connection.close();
  }
}
