import { WebSocket } from 'ws';
import { LivestreamSocketController } from '../../widget/controllers/livestream-socket.js';
import type {
  LivestreamSocketOptions,
  PublishState,
  StartStreamOptions,
} from '../../widget/controllers/livestream-socket-types.js';
import type { StreamFormat } from '../../server/protocol.js';
import type { Encoder, EncoderEvents } from '../../widget/media/encoder.js';
import { Recorder, type RecordingRecipe } from './recorder.js';

/** A browser's: an error that nobody listens to does no harm. */
class BrowserWebSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => {});
  }
}

/** What the widget's publishing needs of a page, where there is none. */
export function installPageGlobals(): void {
  const page = new EventTarget();
  Object.assign(globalThis, {
    WebSocket: BrowserWebSocket,
    location: { origin: 'http://page.example', href: 'http://page.example/' },
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
  });
}

/** A recorder as the widget has one: the bytes of one file, and of another one from each `restart` on. */
export class RecorderEncoder implements Encoder {
  /** Each file that was begun. */
  readonly files: Recorder[] = [];
  #reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly events: EncoderEvents,
    private readonly recipe: RecordingRecipe,
  ) {}

  async start(): Promise<StreamFormat> {
    await this.#begin();
    return { kind: 'container' };
  }

  restart(): void {
    void this.#begin();
  }

  async stop(): Promise<void> {
    this.files.at(-1)?.stop();
    await this.#reading;
  }

  async #begin(): Promise<void> {
    this.files.at(-1)?.stop();
    const recorder = await Recorder.start(this.recipe);
    this.files.push(recorder);
    this.#reading = this.#read(recorder);
  }

  async #read(recorder: Recorder): Promise<void> {
    for await (const chunk of recorder) {
      if (recorder === this.files.at(-1)) this.events.onData(new Uint8Array(chunk).buffer);
    }
  }
}

const LIVE_STREAM = { getTracks: () => [{ readyState: 'live' }] } as unknown as MediaStream;

/** The widget's own publishing without a page, fed with a recording in real time. Needs {@link installPageGlobals}. */
export class NodeBroadcaster {
  readonly socket: LivestreamSocketController;
  encoder!: RecorderEncoder;

  /** @param url of the server, without a slash at the end */
  constructor(
    url: string,
    private readonly streamId: string,
    private readonly recipe: RecordingRecipe,
    options: LivestreamSocketOptions = {},
  ) {
    const host = {
      addController: () => {},
      removeController: () => {},
      requestUpdate: () => {},
      updateComplete: Promise.resolve(true),
    };
    this.socket = new LivestreamSocketController(host, { backendUrl: () => url, ...options });
  }

  /** Resolves when it is live. */
  async goLive(options: Omit<StartStreamOptions, 'encoder' | 'stream'> = {}): Promise<void> {
    const live = this.until('live');
    await this.socket.startStream(this.streamId, undefined, {
      ...options,
      stream: LIVE_STREAM,
      encoder: (_stream, events) => (this.encoder = new RecorderEncoder(events, this.recipe)),
    });
    await live;
  }

  /** Resolves when publishing is in a state. */
  async until(state: PublishState): Promise<void> {
    if (this.socket.state === state) return;
    await new Promise<void>((resolve) => {
      const listener = (): void => {
        if (this.socket.state !== state) return;
        this.socket.removeEventListener('statechange', listener);
        resolve();
      };
      this.socket.addEventListener('statechange', listener);
    });
  }

  /** Ends the stream; resolves when all of it is published. */
  stop(): Promise<void> {
    return this.socket.stopStream();
  }
}
