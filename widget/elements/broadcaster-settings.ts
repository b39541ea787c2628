import { html, nothing, type TemplateResult } from 'lit';
import { cameraLabel, screenLabel } from './broadcaster-bar.js';
import type { BroadcasterActions, BroadcasterView } from './broadcaster-view.js';
import { icons } from './icons.js';

/** Which camera and microphone, and the buttons that a narrow bar has no room for. */
export function broadcasterSettings(view: BroadcasterView, actions: BroadcasterActions): TemplateResult {
  return html`<div
    id="settings"
    class="menu settings"
    part="menu settings-menu"
    role="group"
    aria-label="Settings"
    ?hidden=${!view.settingsOpen}
  >
    <div class="cramped">
      <button type="button" part="button camera" ?disabled=${view.asking} @click=${actions.toggleCamera}>
        ${view.cameraOn ? icons.video : icons.videoOff}${cameraLabel(view)}
      </button>
      ${
        view.canShareScreen
          ? html`<button
              type="button"
              part="button screen"
              ?disabled=${view.asking}
              @click=${actions.toggleScreen}
            >
              ${view.screenOn ? icons.screenOff : icons.screen}${screenLabel(view)}
            </button>`
          : nothing
      }
    </div>
    ${picker('Camera', view.cameras, view.cameraId, actions.selectCamera)}
    ${picker('Microphone', view.microphones, view.microphoneId, actions.selectMicrophone)}
  </div>`;
}

function picker(
  name: string,
  devices: MediaDeviceInfo[],
  chosen: string | undefined,
  choose: (deviceId: string) => void,
): TemplateResult {
  // Before the person allowed it, a browser tells neither ids nor names.
  const known = devices.filter((device) => device.deviceId !== '');
  return html`<label class="picker">
    <span>${name}</span>
    <select
      part="select"
      ?disabled=${known.length === 0}
      @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}
    >
      ${
        known.length === 0
          ? html`<option>${devices.length === 0 ? 'None found' : 'Turn it on to choose'}</option>`
          : known.map(
              (device, index) =>
                html`<option value=${device.deviceId} .selected=${device.deviceId === chosen}>
                  ${device.label || `${name} ${index + 1}`}
                </option>`,
            )
      }
    </select>
  </label>`;
}
