import { html, nothing, type TemplateResult } from 'lit';
import { icons } from './icons.js';
import type { PlayerActions, PlayerView } from './player-view.js';
import { offlineText, playerTexts, type Notice } from './texts.js';

/** What stands in the middle: in place of the picture, or on it when the person has to do something. */
export function playerPanels(view: PlayerView, actions: PlayerActions): TemplateResult {
  const shown = (condition: boolean): string => (condition ? 'panel shown' : 'panel');
  const blank = !view.picture && !view.needsPlay;
  return html`
    <div
      class="skeleton ${view.state === 'connecting' || (view.state === 'live' && blank) ? 'shown' : ''}"
      part="skeleton"
    >
      ${icons.spinner}
    </div>
    <div class=${shown(view.state === 'waiting')} part="panel waiting">
      <slot name="waiting">
        <div class="emblem breathing">${icons.radio}</div>
        ${words(playerTexts.waiting)}
      </slot>
    </div>
    <div class=${shown(view.state === 'ended')} part="panel ended">
      <slot name="ended">
        <div class="emblem">${icons.check}</div>
        ${words(playerTexts.ended)}
      </slot>
    </div>
    <div class=${shown(view.state === 'reconnecting' && blank)} part="panel reconnecting">
      <div class="emblem">${icons.offline}</div>
      ${words(playerTexts.reconnecting)}
    </div>
    <div class=${shown(view.state === 'error')} part="panel error">
      <div class="emblem">${icons.alert}</div>
      ${
        view.state === 'error'
          ? words({ title: view.error?.message ?? playerTexts.error.title, text: view.error?.help ?? '' })
          : nothing
      }
    </div>
    ${
      view.needsPlay
        ? html`<button
            type="button"
            class="big"
            part="button big-play"
            aria-label="Play"
            @click=${actions.togglePlay}
          >
            ${icons.play}
          </button>`
        : nothing
    }
  `;
}

/** What is told on the picture without taking it away. */
export function playerBanner(view: PlayerView, actions: PlayerActions): TemplateResult {
  return html`<div class="banner-area">
    ${bannerNotice(view)}
    ${
      view.needsUnmute
        ? html`<button type="button" class="unmute" part="button unmute" @click=${actions.toggleMute}>
            ${icons.volumeOff}Tap to unmute
          </button>`
        : nothing
    }
  </div>`;
}

function bannerNotice(view: PlayerView): TemplateResult | typeof nothing {
  if (!view.picture) return nothing;
  if (view.offline && view.buffering) return banner(offlineText);
  if (view.state === 'reconnecting') return banner(playerTexts.reconnecting);
  return nothing;
}

function banner({ title, text }: Notice): TemplateResult {
  return html`<div class="banner" part="banner">
    ${icons.offline}
    <p><b>${title}.</b> <span>${text}</span></p>
  </div>`;
}

function words({ title, text }: Notice): TemplateResult {
  return html`<p class="title">${title}</p>
    ${text ? html`<p class="text">${text}</p>` : nothing}`;
}
