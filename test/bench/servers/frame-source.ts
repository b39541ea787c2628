import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import type { ServerMessage } from '../../../server/protocol.js';
import { generateFrames, repeatFrames, type Frames } from '../../helpers/frames.js';
import { within } from '../deadline.js';

/** What an ordinary broadcast is: 720p at 30 frames a second, 2.5 Mbit/s, and Opus. */
export const BROADCAST = { size: '1280x720', frameRate: 30, bitrate: 2_500_000 } as const;

/** Encoded once, kept for the runs to come. */
export function broadcastFrames(): Promise<Frames> {
  return generateFrames({ ...BROADCAST, video: 'h264', audio: 'opus', seconds: 4 });
}

/** Broadcasts encoded frames in real time, without end, and keeps none of them. */
export class FrameSource {
  readonly #socket: WebSocket;
  readonly #frames: Frames;
  #isPaused = false;
  #problem = '';

  private constructor(socket: WebSocket, frames: Frames) {
    this.#socket = socket;
    this.#frames = frames;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      if (message.type === 'error') this.#problem ||= `${message.code}: ${message.message}`;
    });
    socket.on('error', (error) => (this.#problem ||= error.message));
    socket.on('close', (code) => (this.#problem ||= `the connection was closed with ${code}`));
  }

  /** @param url of the endpoint, `ws://…/livestream/ws` */
  static async start(url: string, streamId: string, frames: Frames): Promise<FrameSource> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const source = new FrameSource(socket, frames);
    await within(10, 'a connection to publish on', once(socket, 'open'));
    const started = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if ((JSON.parse(data.toString()) as ServerMessage).type === 'stream-started') resolve();
      });
    });
    socket.send(JSON.stringify({ type: 'start-stream', streamId, format: frames.format }));
    await within(10, `the start of ${streamId}`, started).catch((error: Error) => {
      throw new Error(`${error.message} (${source.#problem})`, { cause: error });
    });
    void source.#send();
    return source;
  }

  /** Sends no more; the stream stays as it is for as long as the server waits for a silent publisher. */
  pause(): void {
    this.#isPaused = true;
  }

  /** @throws Error with what the server complained about, if it did */
  async stop(): Promise<void> {
    const problem = this.#problem;
    this.pause();
    this.#socket.terminate();
    if (this.#socket.readyState !== WebSocket.CLOSED) await once(this.#socket, 'close');
    if (problem) throw new Error(problem);
  }

  async #send(): Promise<void> {
    const start = performance.now();
    for (const { message, timestamp } of repeatFrames(this.#frames)) {
      const wait = start + timestamp / 1000 - performance.now();
      if (wait > 1) await delay(wait);
      if (this.#isPaused || this.#socket.readyState !== WebSocket.OPEN) return;
      this.#socket.send(message);
    }
  }
}
