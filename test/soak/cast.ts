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
  /** Index of the stream where the restless are. */
  #visited = 0;

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
      for (let index = 0; index < count; index++) {
        await cast.#come(cast.faithful, share(viewers - restlessCount, count, index), index);
      }
      await cast.#come(cast.restless, restlessCount, 0);
      return cast;
    } catch (error) {
      await Promise.all(streams.map((stream) => stream.close()));
      await Promise.all(generators.map((generator) => generator.stop()));
      await server.stop();
      throw error;
    }
  }

  /** Some viewers leave, and come to another stream. @throws Error if one saw no more */
  async change(): Promise<void> {
    // Who stays leaves as many receipts.
    await this.faithful.forget();
    await this.restless.leave();
    this.#visited = (this.#visited + 1) % this.streams.length;
    await this.#come(this.restless, this.restlessCount, this.#visited);
  }

  /** All viewers leave. @throws Error if one saw no more before */
  async leave(): Promise<void> {
    await this.faithful.leave();
    await this.restless.leave();
  }

  /** All of it ends, whatever becomes of a part. @throws Error of the first that did not */
  async dismiss(): Promise<void> {
    const closed = [
      this.faithful.stop(),
      this.restless.stop(),
      ...this.streams.map((stream) => stream.close()),
    ];
    const ended = [
      ...(await Promise.allSettled(closed)),
      ...(await Promise.allSettled([this.server.stop()])),
    ];
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
  }

  /** Half of them LL-HLS and half live.mp4. */
  async #come(generator: LoadGenerator, count: number, stream: number): Promise<void> {
    const { url } = this.server;
    const streamId = this.streams[stream]!.name;
    for (const [index, kind] of (['hls', 'mp4'] as const).entries()) {
      const size = share(count, 2, index);
      if (size > 0) await generator.watch({ url, count: size, how: { kind, streamId } });
    }
  }
}

/** Of things that are spread evenly, how many are at one of the places. */
function share(count: number, places: number, place: number): number {
  return Math.floor(count / places) + (place < count % places ? 1 : 0);
}
