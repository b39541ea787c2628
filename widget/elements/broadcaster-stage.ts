import { html, nothing, type TemplateResult } from 'lit';
import type { BroadcasterActions, BroadcasterView } from './broadcaster-view.js';
import { formatCompact, formatElapsed } from './format.js';
import { icons } from './icons.js';
import { broadcasterTexts, keptText, viewersText } from './texts.js';

/** The line above the picture: live or not, for how long, before how many. */
export function broadcasterTop(view: BroadcasterView): TemplateResult {
  const onAir = view.state === 'live' || view.state === 'reconnecting' || view.state === 'stopping';
  return html`<div class="top" part="top" ?hidden=${view.state === 'idle'}>
    <span
      class="chip badge ${view.state === 'live' ? 'on' : ''} ${view.state === 'reconnecting' ? 'long' : ''}"
      part="badge"
      >${badge(view)}</span
    >
    ${
      onAir
        ? html`<span class="chip elapsed" part="elapsed" role="timer">${formatElapsed(view.elapsed)}</span>
            <span class="chip end" part="viewers" title=${viewersText(view.viewers)}>
              ${icons.viewers}<span aria-hidden="true">${formatCompact(view.viewers)}</span>
              <span class="sr-only">${viewersText(view.viewers)}</span>
            </span>`
        : nothing
    }
  </div>`;
}

function badge(view: BroadcasterView): string {
  switch (view.state) {
    case 'live':
      return 'LIVE';
    case 'reconnecting':
      return 'RECONNECTING';
    case 'starting':
      return 'CONNECTING';
    case 'stopping':
      return 'ENDING';
    default:
      return 'PREVIEW';
  }
}

/** What stands in the middle while there is no picture. */
export function broadcasterPanels(view: BroadcasterView, actions: BroadcasterActions): TemplateResult {
  const blank = !view.picture;
  // One thing is said at a time.
  const hasBanner = banner(view, actions) !== nothing;
  const failed = view.state === 'idle' && !view.asking && view.error !== undefined;
  const panel = (name: string, condition: boolean): string =>
    blank && condition ? `panel ${name} shown` : `panel ${name}`;
  return html`
    <div class=${panel('intro', view.state === 'idle' && !view.asking && !failed)} part="panel intro">
      <slot name="intro">
        <p class="title">${broadcasterTexts.idle.title}</p>
        <p class="text">${broadcasterTexts.idle.text}</p>
      </slot>
      <div class="actions">
        <button type="button" class="secondary" part="button turn-on" @click=${actions.toggleCamera}>
          ${icons.video}Turn on camera
        </button>
      </div>
    </div>
    <div class=${panel('asking', view.asking)} part="panel asking">
      <p class="title">Your browser is asking you</p>
      <p class="text">Choose “Allow” and your picture appears here.</p>
    </div>
    <div class=${panel('off', view.state !== 'idle' && !view.asking && !hasBanner)} part="panel off">
      <div class="emblem">${view.microphoneOn ? icons.microphone : icons.videoOff}</div>
      <p class="title">Camera is off</p>
    </div>
    ${
      failed
        ? html`<div class="panel failed shown" part="panel error" role="alert">
            <div class="emblem">${icons.alert}</div>
            <p class="title">${view.error!.message}</p>
            <p class="text">${view.error!.help}</p>
            <div class="actions">
              <button type="button" class="secondary" part="button again" @click=${actions.toggleCamera}>
                Try again
              </button>
            </div>
          </div>`
        : nothing
    }
  `;
}

/** What must be told without taking the picture away. */
export function broadcasterBanner(view: BroadcasterView, actions: BroadcasterActions): TemplateResult {
  return html`<div class="banner-area" role="status">${banner(view, actions)}</div>`;
}

function banner(view: BroadcasterView, actions: BroadcasterActions): TemplateResult | typeof nothing {
  if (view.state === 'reconnecting') {
    return html`<div class="banner" part="banner">
      ${icons.offline}
      <p><b>${keptText(view.kept)}</b></p>
    </div>`;
  }
  if (view.error && view.state !== 'idle') {
    return html`<div class="banner" part="banner">
      ${icons.alert}
      <p><b>${view.error.message}</b> <span>${view.error.help}</span></p>
      ${close(actions)}
    </div>`;
  }
  if (view.ended !== undefined && (view.state === 'preview' || view.state === 'idle')) {
    return html`<div class="banner" part="banner">
      ${icons.check}
      <p><b>${view.ended}</b></p>
      ${close(actions)}
    </div>`;
  }
  return nothing;
}

function close(actions: BroadcasterActions): TemplateResult {
  return html`<button type="button" part="button close" aria-label="Close" @click=${actions.dismiss}>
    ${icons.close}
  </button>`;
}
