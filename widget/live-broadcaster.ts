import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import type { StopReason } from '../server/protocol.js';
import {
  LivestreamSocketController,
  type EncoderKind,
  type PublishState,
} from './controllers/livestream-socket.js';
import { MediaStreamController } from './controllers/media-stream.js';
import { broadcasterBar } from './elements/broadcaster-bar.js';
import { broadcasterSettings } from './elements/broadcaster-settings.js';
import { broadcasterBanner, broadcasterPanels, broadcasterTop } from './elements/broadcaster-stage.js';
import { broadcasterState, type BroadcasterState } from './elements/broadcaster-state.js';
import { viewOfMedia, type BroadcasterActions, type BroadcasterView } from './elements/broadcaster-view.js';
import { Clock } from './elements/clock.js';
import { Dismiss } from './elements/dismiss.js';
import { fire } from './elements/fire.js';
import { KeepFocus } from './elements/keep-focus.js';
import { streamIdProblem } from './elements/stream-id.js';
import { LevelMeter } from './elements/level-meter.js';
import { focusMenu, hasKeyboard, leaveMenu } from './elements/menu-focus.js';
import { sharedStyles } from './elements/shared.styles.js';
import { broadcasterTexts, endedText } from './elements/texts.js';
import { TokenSource, type TokenGetter } from './elements/token-source.js';
import type { LivedropError } from './errors.js';
import { broadcasterStyles } from './live-broadcaster.styles.js';
import { whenIdle } from './when-idle.js';

/**
 * Sends camera, screen and microphone to a server as a live stream. It asks for nothing until a button is
 * pressed, and gives everything back when it leaves the page.
 *
 * @element live-broadcaster
 *
 * @slot intro - Words above the button that turns on the camera, before anything was taken.
 *
 * @fires {CustomEvent<{ streamId: string, playbackUrl: string }>} live-start - Viewers can join.
 * @fires {CustomEvent<{ streamId: string, reason: string, seconds: number }>} live-stop - The stream is over.
 * @fires {CustomEvent<{ state: string }>} live-state - `state` changed.
 * @fires {CustomEvent<{ error: LivedropError }>} live-error - Something failed; `help` says what to do.
 * @fires {CustomEvent<BroadcastHealth>} live-health - About once a second while it is live: rates, what waits, what was dropped, round trip.
 * @fires {CustomEvent<Dropped>} live-dropped - Media was given up that could not be kept until the server had it: `seconds` of it, `bytes`, `messages`.
 * @fires {CustomEvent<{ count: number }>} viewer-count - Somebody came or left.
 *
 * @csspart box - Everything.
 * @csspart video - The person's own picture.
 * @csspart top - The line of chips above.
 * @csspart badge - Says live, preview, connecting or reconnecting.
 * @csspart elapsed - How long it is live.
 * @csspart viewers - How many watch.
 * @csspart bar - The row of buttons below.
 * @csspart button - Every button.
 * @csspart primary - The one primary button; also `go-live`, `cancel`, `stop`.
 * @csspart microphone - The microphone's button.
 * @csspart camera - The camera's button.
 * @csspart screen - The screen's button.
 * @csspart settings - The button that opens the settings.
 * @csspart settings-menu - The settings; also `menu`.
 * @csspart select - The choice of a device.
 * @csspart confirm - The question before the stream ends; its buttons are `end` and `keep`.
 * @csspart panel - What stands in the middle while there is no picture; also `intro`, `asking`, `off`, `error`. Its buttons are `turn-on` and `again`.
 * @csspart banner - An error or a notice over the picture; its button is `close`.
 *
 * @cssproperty [--livedrop-ink=#18181b] - Text and icons.
 * @cssproperty [--livedrop-surface=#f4f4f5] - What they lie on.
 * @cssproperty [--livedrop-accent=#e11d2e] - You are live; used for nothing else.
 * @cssproperty [--livedrop-radius=12px] - Of every corner.
 */
export class LiveBroadcaster extends LitElement {
  static override styles = [sharedStyles, broadcasterStyles];

  /** Camera, screen and microphone. */
  readonly media = new MediaStreamController(this, {
    width: () => this.width,
    height: () => this.height,
    frameRate: () => this.frameRate,
    debug: () => this.debug,
  });

  readonly #tokens = new TokenSource(this, {
    token: () => this.token,
    url: () => this.tokenUrl,
    getToken: () => this.getToken,
    streamId: () => this.streamId,
    onError: (error) => fire(this, 'live-error', { error }),
    debug: () => this.debug,
  });

  /** The connection to the server. */
  readonly socket = new LivestreamSocketController(this, {
    backendUrl: () => this.backendUrl,
    token: () => this.#tokens.current,
    debug: () => this.debug,
  });

  readonly #clock = new Clock(this);
  readonly #dismiss = new Dismiss(this, () => this.#closeMenus());

  @query('.keep') private readonly keepButton!: HTMLButtonElement | null;

  #onAir = false;
  /** Settles when there is what a start needs. */
  #prepared: Promise<void> | undefined;

  @state() private asking = false;
  @state() private awaitsToken = false;
  @state() private hasFrame = false;
  @state() private settingsOpen = false;
  @state() private confirmingStop = false;
  @state() private failure: LivedropError | undefined;
  @state() private dismissed: LivedropError | undefined;
  @state() private ended: string | undefined;

  /** Under which the stream is published: 1 to 64 letters, digits, `_` or `-`. */
  @property({ attribute: 'stream-id' }) streamId = '';

  /** Whose stream it is, for the server's log. */
  @property({ attribute: 'user-id' }) userId: string | undefined;

  /** A stream key or publish token, where the server asks for one. Read at every start and every coming back. */
  @property() token: string | undefined;

  /**
   * Where to get publish tokens: asked with `?stream=<stream-id>` at every start without a `token`, and again before one ends. It answers
   * with the token, or JSON that has it in `token`. The page's cookies go along where it is of the same origin.
   */
  @property({ attribute: 'token-url' }) tokenUrl: string | undefined;

  /** Gives tokens instead of `token-url`. */
  @property({ attribute: false }) getToken: TokenGetter | undefined;

  /** Of the server, for example `https://live.example.com`. Default: where the script came from. */
  @property({ attribute: 'backend-url' }) backendUrl: string | undefined;

  /** Of the stream. */
  @property({ attribute: 'title-text' }) titleText: string | undefined;

  /** Of the outgoing picture, pixels. Default: the first source's, fitted into 1280 × 720. */
  @property({ type: Number }) width: number | undefined;

  /** Of the outgoing picture, pixels. */
  @property({ type: Number }) height: number | undefined;

  /** Of the outgoing picture, frames per second. Default: 30. */
  @property({ type: Number, attribute: 'frame-rate' }) frameRate: number | undefined;

  /**
   * What encodes: `auto`, `webcodecs` (frames, the fastest way) or `mediarecorder` (a file, which the server's ffmpeg
   * reads). `auto` takes the first that browser and server can.
   */
  @property() encoder: EncoderKind = 'auto';

  /**
   * Longest time that media is kept while the connection is broken, silent or too slow, seconds. What is older is given up,
   * which `live-dropped` tells. Default: 30, as long as the server waits.
   */
  @property({ type: Number, attribute: 'buffer-seconds' }) bufferSeconds: number | undefined;

  /** Begin with the microphone off. */
  @property({ type: Boolean }) muted = false;

  /** Log connection, stream, media and error events to the console. */
  @property({ type: Boolean }) debug = false;

  /** What it is doing: `idle`, `preview`, `starting`, `live`, `reconnecting` or `stopping`. */
  @property({ reflect: true }) state: BroadcasterState = 'idle';

  constructor() {
    super();
    new KeepFocus(this, '.bar', ['.bar .keep', '.bar .primary']);
    new LevelMeter(this, () => (this.media.microphoneOn ? this.media.level : 0));
    this.media.addEventListener('error', (event) => fire(this, 'live-error', event.detail));
    this.socket.addEventListener('error', (event) => fire(this, 'live-error', event.detail));
    this.socket.addEventListener('viewercount', (event) =>
      fire(this, 'viewer-count', { count: event.detail.count }),
    );
    this.socket.addEventListener('health', (event) => fire(this, 'live-health', event.detail));
    this.socket.addEventListener('dropped', (event) => fire(this, 'live-dropped', event.detail));
    this.socket.addEventListener('statechange', (event) => this.#onPublishing(event.detail));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#closeMenus();
    this.asking = false;
    this.ended = undefined;
    this.#clock.since = undefined;
  }

  /** How many watch. */
  get viewerCount(): number {
    return this.socket.viewerCount;
  }

  /** What failed last, until it works again or was closed by the person. */
  get error(): LivedropError | undefined {
    return [this.failure, this.media.error, this.socket.error].find(
      (error) => error && error !== this.dismissed,
    );
  }

  /** Takes camera and microphone, where they are not on, and publishes. Failures are shown and fired. */
  async goLive(): Promise<void> {
    this.failure = undefined;
    this.ended = undefined;
    this.#closeMenus();
    const idProblem = streamIdProblem(this.streamId);
    if (idProblem) return this.#fail(idProblem);
    // A second press while the first waits is the same start.
    this.#prepared ??= this.#prepare().finally(() => (this.#prepared = undefined));
    await this.#prepared;
    const { stream } = this.media;
    if (!stream || !this.isConnected || this.#tokens.isAwaited) {
      // Fired when it was told.
      this.failure = this.#tokens.error;
      return this.#tokens.stop();
    }
    const start = (): Promise<void> =>
      this.socket.startStream(this.streamId, this.userId, {
        stream,
        title: this.titleText,
        encoder: this.encoder,
        frameRate: this.frameRate || 30,
        maxBufferedSeconds: this.bufferSeconds,
      });
    // What is wrong is in `socket.error`, and fired from there.
    await start().catch(async (error: LivedropError) => {
      // Its time may have been over; that of a newer one is not.
      if (error.code === 'UNAUTHORIZED' && (await this.#renewToken())) await start().catch(() => {});
    });
  }

  /** Ends the stream when everything sent is published. Asks nobody. */
  async stop(): Promise<void> {
    this.#closeMenus();
    await this.socket.stopStream().catch(() => {});
  }

  /** Takes camera and microphone; failures are shown and fired. */
  async startCamera(): Promise<void> {
    const first = !this.media.stream;
    this.#warmUp();
    await this.#ask(() => this.media.startCamera());
    if (first && this.muted && this.media.microphoneOn) await this.media.toggleMicrophone();
  }

  protected override willUpdate(): void {
    const publishing = broadcasterState(this.socket.state, this.media.stream !== undefined);
    const state = publishing === 'preview' && this.awaitsToken ? 'starting' : publishing;
    if (state !== this.state) {
      this.state = state;
      void this.updateComplete.then(() => fire(this, 'live-state', { state }));
    }
    if (!this.media.stream) this.hasFrame = false;
    if (state !== 'live' && state !== 'reconnecting') this.confirmingStop = false;
    if (state === 'live' || state === 'reconnecting' || state === 'stopping') {
      this.#clock.since = this.socket.startedAt ?? this.#clock.since;
    }
  }

  protected override firstUpdated(): void {
    whenIdle(() => {
      // Who has come to broadcast is about to.
      if (this.isConnected) this.#warmUp();
    });
  }

  protected override updated(changed: PropertyValues): void {
    // Also where Stop did not have the keyboard: a question is to be answered.
    if (changed.has('confirmingStop')) this.keepButton?.focus();
    if (this.settingsOpen && changed.has('settingsOpen')) focusMenu(this.renderRoot);
    this.#dismiss.active = this.settingsOpen || this.confirmingStop;
  }

  protected override render(): TemplateResult {
    const view = this.#view();
    // Lit sets a property to an object at every render, and a video begins anew whenever its srcObject is set.
    const preview = live(this.media.stream ?? null);
    return html`<div
      class="box ${view.picture ? 'picture' : ''}"
      part="box"
      role="region"
      aria-label="Live broadcast"
    >
      <video
        class="${view.picture ? 'shown' : ''} ${view.mirrored ? 'mirrored' : ''}"
        part="video"
        aria-label="Your own picture"
        autoplay
        playsinline
        disablepictureinpicture
        .muted=${true}
        .srcObject=${preview}
        @loadeddata=${() => (this.hasFrame = true)}
      ></video>
      ${broadcasterPanels(view, this.#actions)} ${broadcasterTop(view)}
      ${broadcasterBanner(view, this.#actions)} ${broadcasterBar(view, this.#actions)}
      ${broadcasterSettings(view, this.#actions)}
      <div class="sr-only" role="status">
        ${view.state === 'idle' ? '' : broadcasterTexts[view.state].title}
      </div>
    </div>`;
  }

  readonly #actions: BroadcasterActions = {
    toggleCamera: () => {
      if (this.media.cameraOn) this.media.stopCamera();
      else void this.#turnOnCamera();
    },
    toggleMicrophone: () => void this.#ask(() => this.media.toggleMicrophone()),
    toggleScreen: () => {
      if (this.media.screenOn) this.media.stopScreen();
      else void this.#ask(() => this.media.shareScreen());
    },
    selectCamera: (deviceId) => void this.#ask(() => this.media.selectCamera(deviceId)),
    selectMicrophone: (deviceId) => void this.#ask(() => this.media.selectMicrophone(deviceId)),
    toggleSettings: () => {
      if (this.settingsOpen) this.#closeMenus();
      else this.settingsOpen = true;
    },
    goLive: () => void this.goLive(),
    cancel: () => {
      this.#tokens.stop();
      this.socket.disconnect();
    },
    askStop: () => {
      this.settingsOpen = false;
      this.confirmingStop = true;
    },
    keepLive: () => {
      this.confirmingStop = false;
    },
    stop: () => void this.stop(),
    dismiss: () => {
      this.dismissed = this.error;
      this.ended = undefined;
    },
  };

  #view(): BroadcasterView {
    const { state, asking, error, ended, settingsOpen, confirmingStop } = this;
    return {
      ...viewOfMedia(this.media),
      state,
      asking,
      error,
      ended,
      settingsOpen,
      confirmingStop,
      picture: this.hasFrame && this.media.layout !== 'none',
      viewers: this.socket.viewerCount,
      elapsed: this.#clock.seconds,
      kept: this.socket.bufferedSeconds,
    };
  }

  /** Does what may bring up the browser's question. The controller keeps and fires what fails. */
  async #ask(take: () => Promise<unknown>): Promise<void> {
    this.failure = undefined;
    this.dismissed = this.error;
    this.asking = true;
    try {
      await take();
    } catch {
      // Shown from `media.error`.
    } finally {
      this.asking = false;
    }
  }

  /** The button in the middle goes with its panel: the keyboard, where it pressed it, goes on at the one that does the same. */
  async #turnOnCamera(): Promise<void> {
    const isByKeyboard = this.shadowRoot?.querySelector('.panel :focus-visible') != null;
    await this.startCamera();
    await this.updateComplete;
    if (!isByKeyboard || !hasKeyboard(this)) return;
    const buttons = ['.failed button', '.tool.roomy', '.tool'].map((selector) =>
      this.renderRoot.querySelector<HTMLElement>(selector),
    );
    buttons.find((button) => button?.checkVisibility())?.focus();
  }

  #warmUp(): void {
    if (this.encoder !== 'mediarecorder') void this.socket.warmUp();
  }

  /** Takes camera and microphone, where they are not on, and gets a token, where there is where to ask. */
  async #prepare(): Promise<void> {
    // Its end is also that of its token.
    if (this.socket.streamId !== this.streamId) await this.stop();
    const hasToken = this.#tokens.start();
    if (!this.media.stream) await this.startCamera();
    if (this.media.stream) await this.#untilToken(hasToken);
  }

  /** @returns whether there is another, and the person still wants it */
  async #renewToken(): Promise<boolean> {
    const isRenewed = await this.#untilToken(this.#tokens.renew());
    return isRenewed && this.isConnected && this.media.stream !== undefined;
  }

  /** Shows meanwhile that it is at it. */
  async #untilToken<T>(answered: Promise<T>): Promise<T> {
    this.awaitsToken = this.#tokens.isAsking;
    try {
      return await answered;
    } finally {
      this.awaitsToken = false;
    }
  }

  #fail(error: LivedropError): void {
    this.failure = error;
    fire(this, 'live-error', { error });
  }

  #onPublishing({ state, reason }: { state: PublishState; reason?: StopReason }): void {
    if (state === 'ended' || state === 'idle') this.#tokens.stop();
    if (state === 'live' && !this.#onAir) {
      this.#onAir = true;
      fire(this, 'live-start', { streamId: this.streamId, playbackUrl: this.socket.playbackUrl });
    } else if ((state === 'ended' || state === 'idle') && this.#onAir) {
      this.#onAir = false;
      const seconds = this.#clock.seconds;
      this.#clock.since = undefined;
      this.ended = endedText(reason, seconds);
      fire(this, 'live-stop', { streamId: this.streamId, reason: reason ?? 'stopped', seconds });
    }
  }

  #closeMenus(): void {
    leaveMenu(this.shadowRoot);
    this.settingsOpen = false;
    this.confirmingStop = false;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'live-broadcaster': LiveBroadcaster;
  }
}
