import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { createDebugLog, type DebugLog } from '../debug.js';
import { LivedropError } from '../errors.js';
import { canShareScreen } from '../media/capabilities.js';
import {
  audioConstraints,
  captureDevices,
  captureScreen,
  videoConstraints,
  type Capture,
  type CaptureRequest,
} from '../media/capture.js';
import { DeviceList, type Devices } from '../media/device-list.js';
import { DEFAULT_SIZE, even, fitSize, type Size } from '../media/frame-size.js';
import { MediaMixer } from '../media/media-mixer.js';
import { positive } from '../media/positive.js';
import { VideoSource } from '../media/video-source.js';
import { startCompositorWorker } from '../media/worker-compositor.js';
import { TypedEventTarget } from './typed-event-target.js';

export type { Devices };

/** What the outgoing picture shows; `none` is a dark picture. */
export type MediaLayout = 'camera' | 'screen' | 'screen-with-camera' | 'none';

/** Options of {@link MediaStreamController}. */
export interface MediaStreamOptions {
  /** Of the outgoing picture, pixels. Absent: the first source's size, fitted into 1280×720. */
  width?: () => number | undefined;
  /** Of the outgoing picture, pixels. */
  height?: () => number | undefined;
  /** Of the outgoing picture, a second. @default 30 */
  frameRate?: () => number | undefined;
  debug?: () => boolean;
}

/** Events of {@link MediaStreamController}. */
export interface MediaStreamEvents {
  /** What is on, the layout, the stream or the devices changed. */
  change: CustomEvent<{ layout: MediaLayout; cameraOn: boolean; microphoneOn: boolean; screenOn: boolean }>;
  error: CustomEvent<{ error: LivedropError }>;
}

type Source = 'camera' | 'microphone' | 'screen';

/**
 * Camera, screen and microphone behind one outgoing video and audio track that never change, so that a
 * broadcast goes on while sources are swapped. Microphone and screen sound are mixed.
 *
 * Everything is given back when the host leaves the document for good; moving it does no harm.
 */
export class MediaStreamController extends TypedEventTarget<MediaStreamEvents> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #options: MediaStreamOptions;
  readonly #debug: DebugLog;

  #isHostConnected = false;
  #mixer: MediaMixer | undefined;
  /** Of the mixer to come. */
  #worker: Worker | undefined;
  #camera: VideoSource | undefined;
  #microphone: MediaStreamTrack | undefined;
  #screen: VideoSource | undefined;
  #screenAudio: MediaStreamTrack | undefined;
  #cameraId: string | undefined;
  #microphoneId: string | undefined;
  readonly #devices = new DeviceList(() => this.#changed());
  #error: LivedropError | undefined;
  /** The newest wish for each source: what a person has taken back meanwhile is released when it arrives. */
  readonly #wishes: Record<Source, number> = { camera: 0, microphone: 0, screen: 0 };

  constructor(host: ReactiveControllerHost, options: MediaStreamOptions = {}) {
    super();
    this.#host = host;
    this.#options = options;
    this.#debug = createDebugLog(options.debug);
    host.addController(this);
  }

  /** The same object from the first source on until {@link stop}. */
  get stream(): MediaStream | undefined {
    return this.#mixer?.stream;
  }

  get cameraOn(): boolean {
    return this.#camera?.track.readyState === 'live';
  }

  get microphoneOn(): boolean {
    return this.#microphone?.enabled ?? false;
  }

  get screenOn(): boolean {
    return this.#screen !== undefined;
  }

  get layout(): MediaLayout {
    if (this.screenOn) return this.cameraOn ? 'screen-with-camera' : 'screen';
    return this.cameraOn ? 'camera' : 'none';
  }

  /** Labels are empty until the person gave permission. */
  get devices(): Devices {
    return this.#devices.devices;
  }

  /** The camera that is on, or was chosen. */
  get cameraId(): string | undefined {
    return this.#cameraId;
  }

  /** The microphone that is on, or was chosen. */
  get microphoneId(): string | undefined {
    return this.#microphoneId;
  }

  /** The last one; undefined again at the next start. */
  get error(): LivedropError | undefined {
    return this.#error;
  }

  /** Whether this browser can share a screen; phones cannot. */
  get canShareScreen(): boolean {
    return canShareScreen();
  }

  /** Loudness of what is sent, 0 to 1, measured when it is read. */
  get level(): number {
    return this.#mixer?.level ?? 0;
  }

  hostConnected(): void {
    this.#isHostConnected = true;
    this.#devices.watch();
  }

  hostDisconnected(): void {
    this.#isHostConnected = false;
    this.#devices.unwatch();
    // Moving an element disconnects and connects it in one go.
    queueMicrotask(() => {
      if (!this.#isHostConnected) this.stop();
    });
  }

  /**
   * Takes camera and microphone with one prompt. A machine with only one of the two gives that one; `error` then
   * says what is missing.
   * @throws LivedropError PERMISSION_DENIED, DEVICE_NOT_FOUND, DEVICE_IN_USE, INSECURE_CONTEXT, UNSUPPORTED_BROWSER
   */
  async startCamera({ deviceId }: { deviceId?: string } = {}): Promise<void> {
    const takesMicrophone = !this.#microphone;
    const wishes = {
      camera: this.#wish('camera'),
      microphone: takesMicrophone ? this.#wish('microphone') : 0,
    };
    // Phones open one camera at a time.
    this.#camera?.track.stop();
    const { video, audio, missing } = await this.#capture({
      video: videoConstraints({ wanted: deviceId, last: this.#cameraId }, this.#wantedSize, this.#frameRate),
      audio: takesMicrophone ? audioConstraints({ last: this.#microphoneId }) : undefined,
    });
    // The camera comes first, since the first picture decides the outgoing size.
    if (video) await this.#useCamera(video, wishes.camera);
    if (audio && takesMicrophone && this.#isCurrent('microphone', wishes.microphone))
      this.#useMicrophone(audio);
    else audio?.stop();
    if (!video && missing) this.#fail(missing);
  }

  stopCamera(): void {
    this.#wish('camera');
    this.#releaseCamera();
    this.#changed();
  }

  /**
   * Mutes and unmutes; takes the microphone on first use.
   * @throws LivedropError as {@link startCamera}
   */
  async toggleMicrophone(): Promise<void> {
    if (this.#microphone) {
      this.#microphone.enabled = !this.#microphone.enabled;
      this.#changed();
      return;
    }
    await this.#startMicrophone(undefined);
  }

  /**
   * Shows a screen, window or tab, with the camera over it where that is on.
   * @returns false where the person cancelled
   * @throws LivedropError
   */
  async shareScreen(): Promise<boolean> {
    const wish = this.#wish('screen');
    this.#clearError();
    const [capture] = await Promise.all([captureScreen(this.#frameRate), this.#prepareMixer()]).catch(
      (error: LivedropError) => {
        this.#fail(error);
        throw error;
      },
    );
    if (!capture?.video) return false;
    const screen = new VideoSource(capture.video);
    await screen.ready();
    if (!this.#isCurrent('screen', wish)) {
      screen.close();
      capture.audio?.stop();
      return false;
    }
    this.#releaseScreen();
    this.#screen = screen;
    this.#screenAudio = capture.audio;
    const mixer = this.#mixerFor(screen);
    if (capture.audio) mixer.addAudio(capture.audio);
    // The browser's own bar has a button that ends it.
    screen.track.addEventListener('ended', () => {
      if (this.#screen === screen) this.stopScreen();
    });
    this.#changed();
    return true;
  }

  /** The camera fills the picture again where it is on. */
  stopScreen(): void {
    this.#wish('screen');
    this.#releaseScreen();
    this.#changed();
  }

  /** Changes over where the camera is on, else remembers the choice. */
  async selectCamera(deviceId: string): Promise<void> {
    this.#cameraId = deviceId;
    if (this.cameraOn) await this.startCamera({ deviceId });
    else this.#changed();
  }

  /** Changes over where the microphone was taken, else remembers the choice. A muted one stays muted. */
  async selectMicrophone(deviceId: string): Promise<void> {
    this.#microphoneId = deviceId;
    const { enabled } = this.#microphone ?? {};
    if (enabled !== undefined) await this.#startMicrophone(deviceId, enabled);
    else this.#changed();
  }

  /** Gives everything back; the stream's tracks end. */
  stop(): void {
    for (const source of ['camera', 'microphone', 'screen'] as const) this.#wish(source);
    this.#releaseCamera();
    this.#releaseScreen();
    this.#releaseMicrophone();
    const hadMixer = this.#mixer !== undefined;
    this.#mixer?.close();
    this.#mixer = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#error = undefined;
    if (hadMixer) this.#changed();
  }

  get #wantedSize(): Partial<Size> {
    const { width, height } = this.#options;
    return { width: positive(width?.()), height: positive(height?.()) };
  }

  get #frameRate(): number {
    return positive(this.#options.frameRate?.()) ?? 30;
  }

  async #startMicrophone(deviceId: string | undefined, enabled = true): Promise<void> {
    const wish = this.#wish('microphone');
    const { audio } = await this.#capture({
      audio: audioConstraints({ wanted: deviceId, last: this.#microphoneId }),
    });
    if (!audio) return;
    audio.enabled = enabled;
    if (this.#isCurrent('microphone', wish)) this.#useMicrophone(audio);
    else audio.stop();
  }

  async #capture(request: CaptureRequest): Promise<Capture> {
    this.#clearError();
    try {
      const [capture] = await Promise.all([captureDevices(request), this.#prepareMixer()]);
      this.#devices.refresh();
      return capture;
    } catch (error) {
      if (!this.cameraOn) this.#releaseCamera();
      this.#changed();
      this.#fail(error as LivedropError);
      throw error;
    }
  }

  async #useCamera(track: MediaStreamTrack, wish: number): Promise<void> {
    const camera = new VideoSource(track);
    await camera.ready();
    if (!this.#isCurrent('camera', wish)) {
      camera.close();
      return;
    }
    this.#releaseCamera();
    this.#camera = camera;
    this.#mixerFor(camera);
    this.#cameraId = track.getSettings().deviceId ?? this.#cameraId;
    track.addEventListener('ended', () => {
      if (this.#camera !== camera) return;
      this.stopCamera();
      this.#fail(new LivedropError('DEVICE_NOT_FOUND', 'The camera was disconnected.'));
    });
    this.#changed();
  }

  #useMicrophone(track: MediaStreamTrack): void {
    this.#releaseMicrophone();
    this.#mixerFor(this.#camera).addAudio(track);
    this.#microphone = track;
    this.#microphoneId = track.getSettings().deviceId ?? this.#microphoneId;
    track.addEventListener('ended', () => {
      if (this.#microphone !== track) return;
      this.#releaseMicrophone();
      this.#changed();
      this.#fail(new LivedropError('DEVICE_NOT_FOUND', 'The microphone was disconnected.'));
    });
    this.#changed();
  }

  /** Loads what draws while the person is asked for the camera. */
  async #prepareMixer(): Promise<void> {
    if (this.#mixer || this.#worker) return;
    const worker = await startCompositorWorker();
    if (this.#mixer || this.#worker || !this.#isHostConnected) worker?.terminate();
    else this.#worker = worker;
  }

  /** Made for the first source, of its size, and then kept. */
  #mixerFor(source: VideoSource | undefined): MediaMixer {
    if (!this.#mixer) {
      const fitted = fitSize(source?.frame?.size ?? DEFAULT_SIZE, DEFAULT_SIZE);
      const { width = fitted.width, height = fitted.height } = this.#wantedSize;
      const size = { width: even(width), height: even(height) };
      this.#mixer = new MediaMixer(size, this.#frameRate, this.#worker);
      this.#worker = undefined;
      this.#debug('media', `outgoing picture ${size.width}×${size.height}, ${this.#frameRate} a second`);
    }
    return this.#mixer;
  }

  #releaseCamera(): void {
    this.#camera?.close();
    this.#camera = undefined;
  }

  #releaseMicrophone(): void {
    if (!this.#microphone) return;
    this.#mixer?.removeAudio(this.#microphone);
    this.#microphone.stop();
    this.#microphone = undefined;
  }

  #releaseScreen(): void {
    this.#screen?.close();
    this.#screen = undefined;
    if (!this.#screenAudio) return;
    this.#mixer?.removeAudio(this.#screenAudio);
    this.#screenAudio.stop();
    this.#screenAudio = undefined;
  }

  #wish(source: Source): number {
    this.#wishes[source] += 1;
    return this.#wishes[source];
  }

  #isCurrent(source: Source, wish: number): boolean {
    return this.#wishes[source] === wish;
  }

  #changed(): void {
    this.#mixer?.show(this.#camera, this.#screen);
    const { layout, cameraOn, microphoneOn, screenOn } = this;
    this.#debug('media', layout, { cameraOn, microphoneOn, screenOn });
    this.dispatchEvent(new CustomEvent('change', { detail: { layout, cameraOn, microphoneOn, screenOn } }));
    this.#host.requestUpdate();
  }

  #clearError(): void {
    this.#error = undefined;
    this.#host.requestUpdate();
  }

  #fail(error: LivedropError): void {
    this.#error = error;
    this.#debug('error', `${error.code}: ${error.message}`, error);
    this.dispatchEvent(new CustomEvent('error', { detail: { error } }));
    this.#host.requestUpdate();
  }
}
