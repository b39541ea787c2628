import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { ffmpegPath } from '../../helpers/media.js';
import { Publisher } from '../../helpers/publisher.js';

const WIDTH = 64;
const HEIGHT = 8;
const FRAME_RATE = 30;

/** The clock camera's picture (see `clock-camera.ts`), one byte a pixel. */
function clockPicture(): Uint8Array {
  const time = Date.now() & 0xffffff;
  const check = ((time >> 16) ^ (time >> 8) ^ time ^ 0xa5) & 0xff;
  const isOn = (bit: number) => (bit < 24 ? (time >> bit) & 1 : (check >> (bit - 24)) & 1);
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => {
    const column = Math.floor((at % WIDTH) / (WIDTH / 16));
    const row = Math.floor(at / (WIDTH * (HEIGHT / 2)));
    return isOn(row * 16 + column) ? 255 : 0;
  });
}

function encoding(): string[] {
  const picture = ['-f', 'rawvideo', '-pixel_format', 'gray', '-video_size', `${WIDTH}x${HEIGHT}`];
  const sound = 'sine=frequency=440:sample_rate=48000';
  const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', String(FRAME_RATE)];
  return [
    ...[
      '-v',
      'error',
      ...picture,
      '-framerate',
      String(FRAME_RATE),
      '-i',
      'pipe:0',
      '-f',
      'lavfi',
      '-i',
      sound,
    ],
    ...['-vf', 'scale=320:180:flags=neighbor,format=yuv420p', ...h264, '-c:a', 'libopus', '-shortest'],
    ...['-f', 'matroska', '-live', '1', '-cluster_time_limit', '100', '-flush_packets', '1', 'pipe:1'],
  ];
}

/** A live stream that shows the time in every frame, at an even rate however busy the machine is. */
export class ClockStream {
  private constructor(
    private readonly publisher: Publisher,
    private readonly encoder: ChildProcessByStdio<Writable, Readable, null>,
    private readonly camera: NodeJS.Timeout,
    private readonly sent: Promise<void>,
  ) {}

  /** @param socketUrl of the endpoint, `ws://…/livestream/ws` */
  static async start(socketUrl: string, streamId: string): Promise<ClockStream> {
    const publisher = await Publisher.start(socketUrl, streamId);
    const encoder = spawn(ffmpegPath, encoding(), { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(encoder, 'spawn');
    const begin = performance.now();
    let drawn = 0;
    const camera = setInterval(() => {
      const due = ((performance.now() - begin) / 1000) * FRAME_RATE;
      for (; drawn < due; drawn++) encoder.stdin.write(clockPicture());
    }, 1000 / FRAME_RATE);
    return new ClockStream(publisher, encoder, camera, send(encoder.stdout, publisher));
  }

  /** Resolves when all of it is published. */
  async stop(): Promise<void> {
    clearInterval(this.camera);
    this.encoder.stdin.end();
    await this.sent;
    await this.publisher.stop();
    await this.publisher.close();
  }
}

async function send(recording: AsyncIterable<Buffer>, publisher: Publisher): Promise<void> {
  for await (const chunk of recording) publisher.send([chunk]);
}
