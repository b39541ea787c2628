import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { LivestreamSocketController } from './controllers/livestream-socket.js';
import { VideoElementController, type LatencyMode } from './controllers/video-element.js';
import { AutoHide } from './elements/auto-hide.js';
import { Dismiss } from './elements/dismiss.js';
import { fire } from './elements/fire.js';
import { FullscreenController } from './elements/fullscreen.js';
import { icons } from './elements/icons.js';
import { streamIdProblem } from './elements/stream-id.js';
import { KeepFocus } from './elements/keep-focus.js';
import { focusMenu, leaveMenu } from './elements/menu-focus.js';
import { playerBar, playerMenu } from './elements/player-bar.js';
import { playerBanner, playerPanels } from './elements/player-stage.js';
import { playerState, type PlayerState } from './elements/player-state.js';
import type { PlayerActions, PlayerView } from './elements/player-view.js';
import { sharedStyles } from './elements/shared.styles.js';
import { playerShortcut } from './elements/shortcuts.js';
import { StreamSource } from './elements/stream-source.js';
import { playerTexts } from './elements/texts.js';
import { TokenSource, type TokenGetter } from './elements/token-source.js';
import type { LivedropError } from './errors.js';
import { playerStyles } from './live-player.styles.js';

/** What the stream is reached by. */
const ADDRESS = ['streamId', 'backendUrl', 'cdnUrl', 'latencyMode'] as const;

/**
 * Plays a live stream half a second behind, keeps to its live edge, and begins, goes on and ends with it by itself.
 * The page decides its size: 16:9 as wide as its container unless told otherwise.
 *
 * Keys, while it has the focus: space and k play and pause, m mutes, f is full screen, the arrows seek and
 * change the volume.
 *
 * @element live-player
 *
 * @slot waiting - Shown until the stream starts.
 * @slot ended - Shown after the stream ended.
 *
 * @fires {CustomEvent<{ state: string }>} live-state - `state` changed.
 * @fires {CustomEvent<{ error: LivedropError }>} live-error - Something failed; `help` says what to do.
 * @fires {CustomEvent<{ count: number }>} viewer-count - Somebody came or left.
 * @fires {CustomEvent<LatencyReading>} live-latency - About once a second while it plays: how far behind it is.
 * @fires {CustomEvent<{ reason: string }>} live-fallback - `latency="instant"` does not serve; it plays low-latency HLS.
 *
 * @csspart box - Everything.
 * @csspart video - The picture.
 * @csspart poster - The poster.
 * @csspart skeleton - Until it is known what the stream is doing.
 * @csspart panel - Words in place of the picture; also `waiting`, `ended`, `reconnecting`, `error`.
 * @csspart banner - Words on the picture.
 * @csspart bar - The controls.
 * @csspart button - Every button.
 * @csspart play - Play and pause.
 * @csspart mute - Mute.
 * @csspart volume - The volume's slider.
 * @csspart live - The button that jumps to the live edge.
 * @csspart badge - The live badge on it.
 * @csspart latency - How far behind the picture is, with `show-latency`.
 * @csspart viewers - How many watch.
 * @csspart more - The button that opens the menu of a narrow player.
 * @csspart menu - That menu.
 * @csspart picture-in-picture - Picture in picture.
 * @csspart fullscreen - Full screen.
 * @csspart unmute - The button shown while the browser allows no sound.
 * @csspart big-play - The button shown while the browser allows no playback.
 *
 * @cssproperty [--livedrop-ink=#18181b] - Text and icons.
 * @cssproperty [--livedrop-surface=#f4f4f5] - What they lie on.
 * @cssproperty [--livedrop-accent=#e11d2e] - The badge at the live edge; used for nothing else.
 * @cssproperty [--livedrop-radius=12px] - Of every corner.
 */
export class LivePlayer extends LitElement {
  static override styles = [sharedStyles, playerStyles];

  readonly #tokens = new TokenSource(this, {
    token: () => this.token,
    url: () => this.tokenUrl,
    getToken: () => this.getToken,
    streamId: () => this.streamId,
    onToken: () => this.#onToken(),
    onError: (error) => fire(this, 'live-error', { error }),
    debug: () => this.debug,
  });

  /** The connection to the server, which tells status and viewers. */
  readonly socket = new LivestreamSocketController(this, {
    backendUrl: () => this.backendUrl,
    cdnUrl: () => this.cdnUrl,
    token: () => this.#tokens.current,
    debug: () => this.debug,
  });

  /** The picture. */
  readonly video = new VideoElementController(this, {
    video: () => this.videoElement,
    autoplay: () => this.wanted,
    // What comes from a CDN comes in whole files.
    latencyMode: () => (this.cdnUrl ? 'low' : this.latencyMode),
    serverTime: () => this.socket.serverTime,
    token: () => this.#tokens.current,
    onTokenKept: (token) => this.socket.tokenKept(this.streamId, token),
    debug: () => this.debug,
  });

  readonly #source = new StreamSource(this, {
    socket: this.socket,
    video: this.video,
    wanted: () => this.wanted,
    token: () => this.#tokens.current,
    onRefused: () => this.#tokens.refused(),
  });
  readonly #autoHide = new AutoHide(this);
  readonly #fullscreen = new FullscreenController(this, () => this.videoElement);
  readonly #dismiss = new Dismiss(this, () => this.#closeMenu());

  @query('video') private readonly videoElement!: HTMLVideoElement | null;

  @state() private menuOpen = false;
  /** The person pressed play. */
  @state() private asked = false;
  /** The person decided about the sound. */
  @state() private soundChosen = false;
  @state() private offline = !navigator.onLine;
  #following = false;
  #checkedId: { streamId: string; problem: LivedropError | undefined } | undefined;

  /** Which stream: 1 to 64 letters, digits, `_` or `-`. */
  @property({ attribute: 'stream-id' }) streamId = '';

  /** Of the server, for example `https://live.example.com`. Default: where the script came from. */
  @property({ attribute: 'backend-url' }) backendUrl: string | undefined;

  /** Where playlists and media come from, if not from the server. */
  @property({ attribute: 'cdn-url' }) cdnUrl: string | undefined;

  /** A viewer's token, where the stream is private. A newer one goes on where this one ends, without a break. */
  @property() token: string | undefined;

  /**
   * Where to get tokens: asked with `?stream=<stream-id>` for the first one, where there is no `token`, and again before one ends.
   * It answers with the token, or JSON that has it in `token`. The page's cookies go along where it is of the same origin.
   */
  @property({ attribute: 'token-url' }) tokenUrl: string | undefined;

  /** Gives tokens instead of `token-url`. */
  @property({ attribute: false }) getToken: TokenGetter | undefined;

  /** Of an image shown until the first frame. */
  @property() poster: string | undefined;

  /** Begin without sound. */
  @property({ type: Boolean }) muted = false;

  /**
   * `low`: low-latency HLS, about half a second behind, over any network and CDN. `instant`: one endless response straight
   * from the server, some frames behind; where the network, the server or the browser does not carry it, or with
   * `cdn-url`, it is `low` all the same.
   */
  @property({ attribute: 'latency' }) latencyMode: LatencyMode = 'low';

  /** Show beside the badge how far behind the picture is, in seconds. */
  @property({ type: Boolean, attribute: 'show-latency' }) showLatency = false;

  /** Load and play only when the person presses play, instead of as soon as the stream is live. */
  @property({ type: Boolean, attribute: 'click-to-play' }) clickToPlay = false;

  /** Show the picture alone. */
  @property({ type: Boolean, attribute: 'no-controls' }) noControls = false;

  /** Log connection, playback and error events to the console. */
  @property({ type: Boolean }) debug = false;

  /** What it shows: `connecting`, `waiting`, `live`, `reconnecting`, `ended` or `error`. */
  @property({ reflect: true }) state: PlayerState = 'connecting';

  constructor() {
    super();
    // The box, which has the keys.
    new KeepFocus(this, '.box', ['.box']);
    this.video.addEventListener('error', (event) => fire(this, 'live-error', event.detail));
    this.video.addEventListener('latencychange', (event) => fire(this, 'live-latency', event.detail));
    this.video.addEventListener('fallback', (event) => fire(this, 'live-fallback', event.detail));
    this.socket.addEventListener('error', (event) => {
      if (event.detail.error.code === 'UNAUTHORIZED') this.#tokens.refused();
      fire(this, 'live-error', event.detail);
    });
    // Told to who was let in.
    this.socket.addEventListener('statuschange', () => this.#tokens.accepted());
    this.socket.addEventListener('viewercount', (event) =>
      fire(this, 'viewer-count', { count: event.detail.count }),
    );
    this.addEventListener('keydown', (event) => playerShortcut(event, this.#actions, this.video.volume));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('online', this.#onLine);
    window.addEventListener('offline', this.#onLine);
    this.#onLine();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('online', this.#onLine);
    window.removeEventListener('offline', this.#onLine);
    this.#following = false;
    this.menuOpen = false;
  }

  /** How many watch; undefined while the server does not tell. */
  get viewerCount(): number | undefined {
    return this.socket.isConnected ? this.socket.viewerCount : undefined;
  }

  /** Seconds from capture to glass, or behind the live edge where that cannot be known: see `video.latencySource`. */
  get latency(): number | undefined {
    return this.video.latency;
  }

  /** What failed, while nothing can be shown for it. */
  get error(): LivedropError | undefined {
    const idProblem = this.#idProblem();
    if (idProblem) return idProblem;
    const { error } = this.socket;
    // Playback needs no socket: as long as the playlist answers, its loss is nothing to show.
    const socketError = error?.isPassing && !this.#source.unreachable ? undefined : error;
    return this.video.hasFrame
      ? undefined
      : (this.#tokens.error ?? this.#source.refusal ?? socketError ?? this.video.error);
  }

  /** Plays, and from then on whenever the stream is live. */
  async play(): Promise<void> {
    this.asked = true;
    if (!this.#source.load()) await this.video.play();
  }

  pause(): void {
    this.video.pause();
  }

  /** Jumps to the newest there is, and plays. */
  seekToLive(): void {
    this.video.seekToLive();
    if (this.video.paused) void this.video.play();
  }

  private get wanted(): boolean {
    return !this.clickToPlay || this.asked;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { video } = this;
    const moved = ADDRESS.some((name) => changed.has(name));
    if (this.isConnected && (moved || !this.#following)) this.#follow();
    else if (changed.has('token')) this.#tokenChanged();
    else if (this.#asksElsewhere(changed)) this.#tokens.moved();
    const state = playerState({
      status: this.#source.status,
      failed: this.error !== undefined,
      hasFrame: video.hasFrame,
      playing: video.playing && !video.ended && !video.buffering,
    });
    if (state === this.state) return;
    this.state = state;
    if (state === 'ended') this.#source.unload();
    void this.updateComplete.then(() => fire(this, 'live-state', { state }));
  }

  protected override updated(changed: PropertyValues): void {
    this.#dismiss.active = this.menuOpen;
    if (this.menuOpen && changed.has('menuOpen')) focusMenu(this.renderRoot);
    if (changed.has('muted') && (this.muted || !this.soundChosen)) this.video.setMuted(this.muted);
  }

  protected override render(): TemplateResult {
    const view = this.#view();
    const quiet = view.picture && !view.paused && !view.menuOpen && !this.#autoHide.active;
    const poster = Boolean(this.poster) && !view.picture;
    return html`<div
      class="box ${view.picture ? 'picture' : ''} ${poster ? 'poster' : ''} ${quiet ? 'quiet' : ''}"
      part="box"
      role="region"
      aria-label="Live player"
      tabindex="0"
    >
      <video
        class=${view.picture ? 'shown' : ''}
        part="video"
        playsinline
        @click=${this.#onVideoClick}
        @dblclick=${this.#actions.toggleFullscreen}
      ></video>
      ${
        this.poster
          ? html`<img
              class="poster-image ${poster ? 'shown' : ''}"
              part="poster"
              src=${this.poster}
              alt=""
            />`
          : nothing
      }
      ${view.picture && view.buffering && view.state !== 'reconnecting' ? html`<div class="busy">${icons.spinner}</div>` : nothing}
      ${playerPanels(view, this.#actions)} ${playerBanner(view, this.#actions)}
      ${
        this.noControls
          ? nothing
          : html`<div class="chrome ${quiet ? '' : 'shown'}">
              ${playerBar(view, this.#actions)} ${playerMenu(view, this.#actions)}
            </div>`
      }
      <div class="sr-only" role="status">${this.error?.message ?? playerTexts[view.state].title}</div>
    </div>`;
  }

  readonly #actions: PlayerActions = {
    togglePlay: () => {
      if (this.video.paused || this.video.autoplayBlocked) void this.play();
      else this.pause();
    },
    toggleMute: () => {
      this.soundChosen = true;
      this.video.toggleMute();
    },
    setVolume: (volume) => {
      this.soundChosen = true;
      this.video.setVolume(volume);
      this.video.setMuted(volume === 0);
    },
    seekToLive: () => this.seekToLive(),
    seekBy: (seconds) => this.video.seek(this.video.currentTime + seconds),
    toggleFullscreen: () => void this.#fullscreen.toggle(),
    togglePictureInPicture: () => void this.#togglePictureInPicture(),
    toggleMenu: () => {
      if (this.menuOpen) this.#closeMenu();
      else this.menuOpen = true;
    },
  };

  /** One error for one id, so that it is told of once. */
  #idProblem(): LivedropError | undefined {
    const { streamId } = this;
    if (this.#checkedId?.streamId !== streamId) {
      this.#checkedId = { streamId, problem: streamIdProblem(streamId) };
    }
    return this.#checkedId.problem;
  }

  /** Many pages make the same function anew at every render: that is no other place. */
  #asksElsewhere(changed: PropertyValues<this>): boolean {
    return (
      changed.has('tokenUrl') || (changed.has('getToken') && !(changed.get('getToken') && this.getToken))
    );
  }

  #follow(): void {
    this.#following = true;
    void this.#tokens.start();
    this.#source.stop();
    if (!this.#idProblem() && !this.#tokens.isAwaited) this.#source.start(this.streamId);
  }

  #tokenChanged(): void {
    void this.#tokens.start();
    if (!this.#tokens.isAwaited) this.#onToken();
  }

  /** What plays goes on; what waited for a token begins. */
  #onToken(): void {
    if (this.#source.isStarted) this.socket.renewToken();
    else if (this.#following && !this.#idProblem()) this.#source.start(this.streamId);
  }

  #view(): PlayerView {
    const { video, state } = this;
    const picture = video.hasFrame && (state === 'live' || state === 'reconnecting');
    return {
      state,
      picture,
      paused: video.paused,
      buffering: video.buffering,
      muted: video.muted,
      volume: video.volume,
      atLiveEdge: video.atLiveEdge && !video.paused,
      latency: this.showLatency && !video.paused ? video.latency : undefined,
      viewers: this.viewerCount,
      needsPlay: state === 'live' && (!this.wanted || video.autoplayBlocked),
      needsUnmute: picture && !this.noControls && video.muted && !this.soundChosen,
      canFullscreen: this.#fullscreen.available,
      fullscreen: this.#fullscreen.active,
      canPictureInPicture: document.pictureInPictureEnabled === true,
      offline: this.offline,
      error: this.error,
      menuOpen: this.menuOpen,
    };
  }

  /** A mouse plays and pauses; a finger brings the controls and sends them away. */
  #onVideoClick = (event: MouseEvent): void => {
    if ((event as PointerEvent).pointerType === 'touch') {
      if (this.#autoHide.active) this.#autoHide.hide();
      else this.#autoHide.show();
    } else if (!this.noControls) {
      this.#actions.togglePlay();
    }
  };

  async #togglePictureInPicture(): Promise<void> {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.videoElement?.requestPictureInPicture();
    } catch {
      // The browser refused: there is nothing a person could do about it.
    }
    this.#closeMenu();
  }

  #closeMenu(): void {
    leaveMenu(this.shadowRoot);
    this.menuOpen = false;
  }

  #onLine = (): void => {
    this.offline = !navigator.onLine;
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'live-player': LivePlayer;
  }
}
