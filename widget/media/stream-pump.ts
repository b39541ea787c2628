import { Ticker } from './ticker.js';
import { addressOf } from './worker-loader.js';

export interface PumpEvents {
  /** The receiver closes it. */
  onVideo(frame: VideoFrame): void;
  /** The receiver closes it. @param leftOut pieces right before it, since the page stood still */
  onAudio(data: AudioData, leftOut: number): void;
}

/** What the worklet sends. */
interface Heard {
  planes: Float32Array[];
  /** Of the context's, the first one of it. */
  frame: number;
  leftOut: number;
}

/**
 * A stream's frames where the browser has no MediaStreamTrackProcessor (Firefox): pictures from a video element at a
 * steady rate, sound from an AudioWorklet.
 */
export class StreamPump {
  readonly #stream: MediaStream;
  readonly #events: PumpEvents;
  readonly #frameRate: number;
  #ticker: Ticker | undefined;
  #video: HTMLVideoElement | undefined;
  #context: AudioContext | undefined;

  constructor(stream: MediaStream, frameRate: number, events: PumpEvents) {
    this.#stream = stream;
    this.#frameRate = frameRate;
    this.#events = events;
  }

  startVideo(track: MediaStreamTrack): void {
    const video = document.createElement('video');
    video.muted = true;
    video.playsInline = true;
    video.srcObject = new MediaStream([track]);
    // Rejects where it is stopped before it plays.
    video.play().catch(() => {});
    this.#video = video;
    this.#ticker = new Ticker(this.#frameRate, () => {
      if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return;
      this.#events.onVideo(new VideoFrame(video, { timestamp: Math.round(performance.now() * 1000) }));
    });
  }

  /** @throws DOMException where the Content-Security-Policy allows no worklet */
  async startAudio(): Promise<void> {
    const context = new AudioContext({ latencyHint: 'interactive' });
    this.#context = context;
    // Fetched with CORS, unlike a worker: it may come from another origin.
    await context.audioWorklet.addModule(
      addressOf((Worker) => new Worker(new URL('./capture-worklet.js', import.meta.url), { type: 'module' })),
    );
    const { sampleRate } = context;
    const node = new AudioWorkletNode(context, 'livedrop-capture', { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }: MessageEvent<Heard>) => {
      node.port.postMessage('taken');
      const numberOfFrames = data.planes[0]?.length ?? 0;
      const samples = new Float32Array(numberOfFrames * data.planes.length);
      data.planes.forEach((plane, channel) => samples.set(plane, channel * numberOfFrames));
      this.#events.onAudio(
        new AudioData({
          format: 'f32-planar',
          sampleRate,
          numberOfFrames,
          numberOfChannels: data.planes.length,
          timestamp: Math.round((data.frame * 1e6) / sampleRate),
          data: samples,
        }),
        data.leftOut,
      );
    };
    context.createMediaStreamSource(new MediaStream(this.#stream.getAudioTracks())).connect(node);
    await context.resume();
  }

  stop(): void {
    this.#ticker?.stop();
    if (this.#video) this.#video.srcObject = null;
    // Rejects where it is closed already.
    this.#context?.close().catch(() => {});
  }
}
