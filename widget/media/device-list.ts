export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

/** The cameras and microphones of this machine, as they come and go. Labels are empty until permission was given. */
export class DeviceList {
  #devices: Devices = { cameras: [], microphones: [] };
  readonly #onChange: () => void;
  #isWatching = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get devices(): Devices {
    return this.#devices;
  }

  watch(): void {
    this.#isWatching = true;
    navigator.mediaDevices?.addEventListener('devicechange', this.refresh);
    this.refresh();
  }

  unwatch(): void {
    this.#isWatching = false;
    navigator.mediaDevices?.removeEventListener('devicechange', this.refresh);
  }

  /** Reads the list anew: permission, once given, adds labels without an event. */
  readonly refresh = (): void => {
    void navigator.mediaDevices?.enumerateDevices().then((devices) => {
      if (!this.#isWatching) return;
      this.#devices = {
        cameras: devices.filter(({ kind }) => kind === 'videoinput'),
        microphones: devices.filter(({ kind }) => kind === 'audioinput'),
      };
      this.#onChange();
    });
  };
}
