import type { Page } from 'playwright-core';
import type { Road } from '../road.js';
import { RecorderServer, type Pipeline } from './server.js';

/** RTMP takes no Opus. */
export const RTMP = ['-c:v', 'copy', '-c:a', 'aac', '-f', 'flv'];

/** MediaRecorder, a WebSocket, something that makes HLS of it, and hls.js with its defaults. */
export class RecorderRoad implements Road {
  private constructor(
    readonly name: string,
    private readonly server: RecorderServer,
    private readonly closeMore: () => Promise<void>,
  ) {}

  /** @param closeMore ends what the pipeline leads to */
  static async open(
    name: string,
    pipeline: Pipeline,
    closeMore: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Road> {
    return new RecorderRoad(name, await RecorderServer.start(name, pipeline), closeMore);
  }

  get url(): string {
    return this.server.url;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  /** Its script runs before the page counts as loaded. */
  waits(): Promise<void> {
    return Promise.resolve();
  }

  async openEmpty(page: Page): Promise<void> {
    await page.goto(`${this.url}/demo/empty.html`);
  }

  endStream(): Promise<void> {
    return this.server.endStreams();
  }

  problems(): string[] {
    return this.server.problems();
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.closeMore();
  }
}
