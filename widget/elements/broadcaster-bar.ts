import { html, nothing, type TemplateResult } from 'lit';
import type { BroadcasterActions, BroadcasterView } from './broadcaster-view.js';
import { icons } from './icons.js';

/** The row of buttons: tools at the start, the one primary action at the end. */
export function broadcasterBar(view: BroadcasterView, actions: BroadcasterActions): TemplateResult {
  return html`<div class="bar" part="bar">
    ${view.confirmingStop ? confirm(actions) : [tools(view, actions), primary(view, actions)]}
  </div>`;
}

function tools(view: BroadcasterView, actions: BroadcasterActions): TemplateResult {
  return html`<div class="tools" role="group" aria-label="Camera, microphone and screen">
    ${tool({
      part: 'microphone',
      icon: view.microphoneOn ? icons.microphone : icons.microphoneOff,
      label: view.microphoneOn ? 'Turn off microphone' : 'Turn on microphone',
      marked: !view.microphoneOn && view.state !== 'idle',
      disabled: view.asking,
      press: actions.toggleMicrophone,
    })}
    ${tool({
      part: 'camera',
      icon: view.cameraOn ? icons.video : icons.videoOff,
      label: cameraLabel(view),
      marked: !view.cameraOn && view.state !== 'idle',
      disabled: view.asking,
      press: actions.toggleCamera,
      roomy: true,
    })}
    ${
      view.canShareScreen
        ? tool({
            part: 'screen',
            icon: view.screenOn ? icons.screenOff : icons.screen,
            label: screenLabel(view),
            marked: view.screenOn,
            disabled: view.asking,
            press: actions.toggleScreen,
            roomy: true,
          })
        : nothing
    }
    <button
      type="button"
      class="tool ${view.settingsOpen ? 'marked' : ''}"
      part="button settings"
      aria-label="Settings"
      title="Settings"
      aria-expanded=${view.settingsOpen}
      aria-controls="settings"
      @click=${actions.toggleSettings}
    >
      ${icons.settings}
    </button>
  </div>`;
}

export function cameraLabel(view: BroadcasterView): string {
  return view.cameraOn ? 'Turn off camera' : 'Turn on camera';
}

export function screenLabel(view: BroadcasterView): string {
  return view.screenOn ? 'Stop sharing screen' : 'Share screen';
}

interface Tool {
  part: string;
  icon: TemplateResult;
  label: string;
  /** Differs from what one expects while live: off, or shared. */
  marked: boolean;
  disabled: boolean;
  press: () => void;
  /** Found in the settings instead where there is no room. */
  roomy?: boolean;
}

function tool({ part, icon, label, marked, disabled, press, roomy }: Tool): TemplateResult {
  return html`<button
    type="button"
    class="tool ${marked ? 'marked' : ''} ${roomy ? 'roomy' : ''}"
    part="button ${part}"
    aria-label=${label}
    title=${label}
    ?disabled=${disabled}
    @click=${press}
  >
    ${icon}
  </button>`;
}

function primary(view: BroadcasterView, actions: BroadcasterActions): TemplateResult {
  switch (view.state) {
    case 'idle':
    case 'preview':
      return html`<button
        type="button"
        class="primary"
        part="button primary go-live"
        ?disabled=${view.asking}
        @click=${actions.goLive}
      >
        ${icons.radio}Go live
      </button>`;
    case 'starting':
      return html`<button type="button" class="primary" part="button primary cancel" @click=${actions.cancel}>
        ${icons.spinner}Cancel
      </button>`;
    case 'live':
    case 'reconnecting':
      return html`<button
        type="button"
        class="primary stop"
        part="button primary stop"
        @click=${actions.askStop}
      >
        ${icons.stop}Stop
      </button>`;
    case 'stopping':
      return html`<button type="button" class="primary" part="button primary" disabled>
        ${icons.spinner}Ending
      </button>`;
  }
}

/** The buttons stand so that a double click on Stop meets the harmless one. */
function confirm(actions: BroadcasterActions): TemplateResult {
  return html`<div class="confirm" part="confirm" role="alertdialog" aria-labelledby="confirm">
    <span id="confirm" class="question">End the stream for everyone?</span>
    <button type="button" class="primary" part="button end" @click=${actions.stop}>End stream</button>
    <button type="button" class="secondary keep" part="button keep" @click=${actions.keepLive}>
      Keep going
    </button>
  </div>`;
}
