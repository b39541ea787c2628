/** An element of one's own, made with the three controllers: the camera on one side, what viewers see on the other. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import {
  LivestreamSocketController,
  MediaStreamController,
  VideoElementController,
} from 'livedrop/controllers';

@customElement('mirror-room')
export class MirrorRoom extends LitElement {
  static override styles = css`
    :host {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
      gap: 16px;
    }
    figure {
      margin: 0;
    }
    video {
      display: block;
      width: 100%;
      aspect-ratio: 16 / 9;
      border-radius: 12px;
      background: #000;
    }
    .own {
      transform: scaleX(-1);
    }
    figcaption {
      padding: 8px 0;
      font-size: 0.875rem;
      font-variant-numeric: tabular-nums;
    }
    .buttons {
      grid-column: 1 / -1;
      display: flex;
      flex-wrap: wrap;
      gap: 8px;
      align-items: center;
    }
    button {
      height: 44px;
      padding: 0 16px;
      border: 0;
      border-radius: 12px;
      background: color-mix(in srgb, currentColor 6%, transparent);
      color: inherit;
      font: inherit;
      font-size: 0.875rem;
      font-weight: 500;
      cursor: pointer;
    }
  `;

  @property({ attribute: 'stream-id' }) streamId = 'demo';
  @property() token: string | undefined;

  @query('.own') private readonly ownVideo!: HTMLVideoElement | null;
  @query('.viewers') private readonly viewersVideo!: HTMLVideoElement | null;

  private readonly media = new MediaStreamController(this);
  private readonly socket = new LivestreamSocketController(this, { token: () => this.token });
  private readonly own = new VideoElementController(this, { video: () => this.ownVideo });
  private readonly viewers = new VideoElementController(this, { video: () => this.viewersVideo });

  private async goLive(): Promise<void> {
    try {
      await this.media.startCamera();
      this.own.attachStream(this.media.stream ?? null);
      await this.socket.startStream(this.streamId, undefined, { stream: this.media.stream });
    } catch {
      // Both controllers keep what failed, and render() shows it.
    }
  }

  private async stop(): Promise<void> {
    await this.socket.stopStream();
    this.media.stop();
    this.own.attachStream(null);
  }

  protected override firstUpdated(): void {
    this.own.setMuted(true);
    this.viewers.setMuted(true);
    this.socket.addEventListener('statuschange', ({ detail }) => {
      if (detail.status === 'live' && this.socket.playbackUrl) this.viewers.load(this.socket.playbackUrl);
    });
  }

  protected override render(): TemplateResult {
    const { media, socket } = this;
    const error = media.error ?? socket.error;
    const idle = socket.state === 'idle' || socket.state === 'ended';
    return html`
      <figure>
        <video class="own" playsinline></video>
        <figcaption>You · ${socket.state}</figcaption>
      </figure>
      <figure>
        <video class="viewers" playsinline></video>
        <figcaption>
          Your viewers · ${socket.viewerCount}
          ${this.viewers.latency === undefined ? nothing : html`· ${this.viewers.latency.toFixed(1)} s behind`}
        </figcaption>
      </figure>
      <div class="buttons">
        ${
          idle
            ? html`<button @click=${() => this.goLive()}>Go live</button>`
            : html`<button @click=${() => this.stop()}>Stop</button>`
        }
        <button ?disabled=${!media.stream} @click=${() => media.toggleMicrophone()}>
          ${media.microphoneOn ? 'Mute' : 'Unmute'}
        </button>
        ${
          media.canShareScreen && media.stream
            ? html`<button @click=${() => (media.screenOn ? media.stopScreen() : media.shareScreen())}>
                ${media.screenOn ? 'Stop sharing' : 'Share screen'}
              </button>`
            : nothing
        }
        ${error ? html`<p role="alert"><b>${error.message}</b> ${error.help}</p>` : nothing}
      </div>
    `;
  }
}
