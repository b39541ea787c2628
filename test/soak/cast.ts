import { LoadGenerator } from '../bench/load/generator.js';
import { BenchServer } from '../bench/servers/livedrop.js';
import { NumberedStream } from '../chaos/numbered-stream.js';
import type { SoakOptions } from './options.js';

/** Every so many streams one is a container, which needs ffmpeg. */
const CONTAINER_EVERY = 5;

/** Of the viewers, who leave and come again all the time. */
const RESTLESS_SHARE = 0.1;

/** A server, its streams and its viewers. */
export class Cast {
  private constructor(
    readonly server: BenchServer,
    readonly streams: readonly NumberedStream[],
    private readonly faithful: LoadGenerator,
    private readonly restless: LoadGenerator,
    private readonly restlessCount: number,
  ) {}

  /** Resolves when every viewer has had something. */
  static async assemble({
    streams: count,
    viewers,
  }: Pick<SoakOptions, 'streams' | 'viewers'>): Promise<Cast> {
    const server = await BenchServer.start({ collectsGarbage: true });
    const streams: NumberedStream[] = [];
    const generators: LoadGenerator[] = [];
    try {
      for (let index = 0; index < count; index++) {
        const kind = index % CONTAINER_EVERY === 0 ? 'container' : 'frames';
        streams.push(await NumberedStream.start(server, `soak-${index}`, kind));
      }
      generators.push(await LoadGenerator.start(), await LoadGenerator.start());
      const restlessCount = Math.round(viewers * RESTLESS_SHARE);
      const cast = new Cast(server, streams, generators[0]!, generators[1]!, restlessCount);
      await cast.#come(cast.faithful, viewers - restlessCount);
      await cast.#come(cast.restless, restlessCount);
      return cast;
    } catch (error) {
      await Promise.all(streams.map((stream) => stream.close()));
      await Promise.all(generators.map((generator) => generator.stop()));
      await server.stop();
      throw error;
    }
  }

  /** Some viewers leave and come again. @throws Error if one saw no more */
  async change(): Promise<void> {
    // Who stays leaves as many receipts.
    await this.faithful.forget();
    await this.restless.leave();
    await this.#come(this.restless, this.restlessCount);
  }

  /** All viewers leave. @throws Error if one saw no more before */
  async leave(): Promise<void> {
    await this.faithful.leave();
    await this.restless.leave();
  }

  async dismiss(): Promise<void> {
    await Promise.all([this.faithful.stop(), this.restless.stop()]);
    await Promise.all(this.streams.map((stream) => stream.close()));
    await this.server.stop();
  }

  /** Spread evenly over the streams, half of them LL-HLS and half live.mp4. */
  async #come(generator: LoadGenerator, count: number): Promise<void> {
    const audiences = new Map<string, number>();
    for (let viewer = 0; viewer < count; viewer++) {
      const stream = this.streams[Math.floor(viewer / 2) % this.streams.length]!;
      const key = `${viewer % 2 === 0 ? 'hls' : 'mp4'} ${stream.name}`;
      audiences.set(key, (audiences.get(key) ?? 0) + 1);
    }
    for (const [key, size] of audiences) {
      const [kind, streamId] = key.split(' ') as ['hls' | 'mp4', string];
      await generator.watch({ url: this.server.url, count: size, how: { kind, streamId } });
    }
  }
}
