/** Mixes any number of audio tracks into one outgoing track that never changes, silent where nothing is on. */
export class AudioMixer {
  readonly track: MediaStreamTrack;
  readonly #context: AudioContext;
  readonly #mix: GainNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;
  readonly #sources = new Map<MediaStreamTrack, MediaStreamAudioSourceNode>();

  constructor() {
    // At the machine's own rate: Firefox connects no microphone to a context of another one.
    this.#context = new AudioContext({ latencyHint: 'interactive' });
    const destination = this.#context.createMediaStreamDestination();
    const track = destination.stream.getAudioTracks()[0];
    if (!track) throw new Error('An AudioContext of this browser gives no audio track.');
    this.track = track;
    this.#mix = this.#context.createGain();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#mix.connect(destination);
    this.#mix.connect(this.#analyser);
    this.#resume();
  }

  /** Loudness of the mix, 0 to 1, on a scale of decibels: speech lies in the middle. */
  get level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / this.#samples.length + 1e-10);
    return Math.min(1, Math.max(0, (decibels + 60) / 60));
  }

  add(track: MediaStreamTrack): void {
    if (this.#sources.has(track)) return;
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    source.connect(this.#mix);
    this.#sources.set(track, source);
    this.#resume();
  }

  remove(track: MediaStreamTrack): void {
    this.#sources.get(track)?.disconnect();
    this.#sources.delete(track);
  }

  close(): void {
    for (const eventType of GESTURES) removeEventListener(eventType, this.#resume, true);
    for (const track of this.#sources.keys()) this.remove(track);
    this.track.stop();
    // Rejects where it is closed already.
    this.#context.close().catch(() => {});
  }

  /** Without a gesture of the person on the page a context stays silent, and a recorder would wait for it. */
  readonly #resume = (): void => {
    for (const eventType of GESTURES) removeEventListener(eventType, this.#resume, true);
    if (this.#context.state === 'running' || this.#context.state === 'closed') return;
    for (const eventType of GESTURES) addEventListener(eventType, this.#resume, true);
    this.#context.resume().catch(() => {});
  };
}

/** Events that browsers take for a gesture. */
const GESTURES: readonly string[] = ['pointerup', 'keydown', 'touchend'];
