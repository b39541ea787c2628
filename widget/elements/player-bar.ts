import { html, nothing, type TemplateResult } from 'lit';
import { formatCompact, formatSeconds } from './format.js';
import { icons } from './icons.js';
import type { PlayerActions, PlayerView } from './player-view.js';
import { viewersText } from './texts.js';

/** The controls on their scrim. What a narrow box has no room for is in the menu, in order of need. */
export function playerBar(view: PlayerView, actions: PlayerActions): TemplateResult {
  return html`<div class="bar" part="bar" role="group" aria-label="Player controls">
    ${view.picture ? playback(view, actions) : nothing}
    <span class="space"></span>
    ${
      view.picture
        ? html`<button
              type="button"
              class="cramped"
              part="button more"
              aria-label="More"
              title="More"
              aria-expanded=${view.menuOpen}
              aria-controls="menu"
              @click=${actions.toggleMenu}
            >
              ${icons.more}
            </button>
            ${
              view.canPictureInPicture
                ? button(
                    'roomy',
                    'picture-in-picture',
                    icons.pictureInPicture,
                    'Picture in picture',
                    actions.togglePictureInPicture,
                  )
                : nothing
            }`
        : nothing
    }
    ${
      view.canFullscreen
        ? button(
            '',
            'fullscreen',
            view.fullscreen ? icons.minimize : icons.maximize,
            view.fullscreen ? 'Leave full screen' : 'Full screen',
            actions.toggleFullscreen,
          )
        : nothing
    }
  </div>`;
}

function playback(view: PlayerView, actions: PlayerActions): TemplateResult {
  return html`
    ${button('', 'play', view.paused ? icons.play : icons.pause, view.paused ? 'Play' : 'Pause', actions.togglePlay)}
    <div class="sound">
      ${button('', 'mute', volumeIcon(view), view.muted ? 'Unmute' : 'Mute', actions.toggleMute)}
      <input
        class="volume"
        part="volume"
        type="range"
        min="0"
        max="1"
        step="0.05"
        aria-label="Volume"
        .value=${String(view.muted ? 0 : view.volume)}
        @input=${(event: Event) => actions.setVolume((event.target as HTMLInputElement).valueAsNumber)}
      />
    </div>
    <button
      type="button"
      class="edge"
      part="button live"
      aria-label=${view.atLiveEdge ? 'Live' : 'Jump to live'}
      title=${view.atLiveEdge ? 'Live' : 'Jump to live'}
      @click=${actions.seekToLive}
    >
      <span class="chip badge ${view.atLiveEdge ? 'on' : ''}" part="badge">LIVE</span>
    </button>
    ${
      view.latency === undefined
        ? nothing
        : html`<span class="latency" part="latency" title="Behind the camera"
            >${formatSeconds(view.latency)}</span
          >`
    }
    ${
      view.viewers === undefined
        ? nothing
        : html`<span class="chip viewers roomy" part="viewers" title=${viewersText(view.viewers)}>
            ${icons.viewers}<span aria-hidden="true">${formatCompact(view.viewers)}</span>
            <span class="sr-only">${viewersText(view.viewers)}</span>
          </span>`
    }
  `;
}

/** What is left out of a narrow bar. */
export function playerMenu(view: PlayerView, actions: PlayerActions): TemplateResult {
  return html`<div
    id="menu"
    class="menu"
    part="menu"
    role="group"
    aria-label="More"
    ?hidden=${!view.menuOpen}
  >
    ${
      view.latency === undefined
        ? nothing
        : html`<div class="row">${icons.radio}${formatSeconds(view.latency)} behind the camera</div>`
    }
    ${
      view.viewers === undefined
        ? nothing
        : html`<div class="row">${icons.viewers}${viewersText(view.viewers)}</div>`
    }
    ${
      view.canPictureInPicture
        ? html`<button
            type="button"
            part="button picture-in-picture"
            @click=${actions.togglePictureInPicture}
          >
            ${icons.pictureInPicture}Picture in picture
          </button>`
        : nothing
    }
  </div>`;
}

function button(
  className: string,
  part: string,
  icon: TemplateResult,
  label: string,
  press: () => void,
): TemplateResult {
  return html`<button
    type="button"
    class=${className}
    part="button ${part}"
    aria-label=${label}
    title=${label}
    @click=${press}
  >
    ${icon}
  </button>`;
}

function volumeIcon(view: PlayerView): TemplateResult {
  if (view.muted || view.volume === 0) return icons.volumeOff;
  return view.volume < 0.5 ? icons.volumeLow : icons.volume;
}
