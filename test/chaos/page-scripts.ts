/** Functions that run in a page, before anything of its own; they use nothing from outside themselves. */

/** What a broadcaster's page noted. */
export interface BroadcasterNotes extends Window {
  encodedSamples: { kind: 'video' | 'audio'; digest: number; at: number }[];
  /** How often the sound that was encoded has a hole: the microphone gave none, since the machine was busy. */
  soundHoles: number;
}

/**
 * Notes every sample that the widget's encoder gives, and the holes in its sound, before anybody can have lost it: what its worker
 * says.
 * @param digest see `digest()`
 */
export function noteEncoded(digest: (bytes: Uint8Array) => number): void {
  const HEADER = 16;
  /** More than what timestamps jitter, microseconds. */
  const HOLE = 30_000;
  const page = window as unknown as BroadcasterNotes;
  // As the page's clock may be set.
  const clock = Date.now.bind(Date);
  const notes: BroadcasterNotes['encodedSamples'] = [];
  page.encodedSamples = notes;
  page.soundHoles = 0;
  let due: number | undefined;

  function noteSound(header: DataView): void {
    const timestamp = Number(header.getBigInt64(4));
    if (due !== undefined && timestamp - due > HOLE) page.soundHoles++;
    due = timestamp + header.getUint32(12);
  }

  window.Worker = class extends Worker {
    #restarts = 0;

    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }: MessageEvent<{ type?: string; bytes?: ArrayBuffer }>) => {
        if (data?.type === 'restarted') this.#restarts--;
        // What it gives before it has begun anew belongs to nothing.
        if (data?.type !== 'data' || !data.bytes || this.#restarts > 0) return;
        const bytes = new Uint8Array(data.bytes);
        const kind = bytes[0] === 0 ? 'video' : 'audio';
        notes.push({ kind, digest: digest(bytes.subarray(HEADER)), at: clock() });
        if (kind === 'audio') noteSound(new DataView(data.bytes));
      });
    }

    override postMessage(message: unknown, options?: unknown): void {
      if ((message as { type?: string })?.type === 'restart') this.#restarts++;
      super.postMessage(message, options as Transferable[]);
    }
  };
}

/** What a viewer's page noted. */
export interface ViewerNotes extends Window {
  /** Frames of the clock camera: when they were drawn and shown, milliseconds since the epoch. */
  shownFrames: { drawn: number; shown: number }[];
  /** How often the player began a media source anew. */
  mediaSources: number;
}

/** Reads the time off every frame that the page's player shows, see `clock-camera.ts`. */
export function noteShown(): void {
  const page = window as unknown as ViewerNotes;
  page.shownFrames = [];
  page.mediaSources = 0;
  // As the page's clock may be set.
  const clock = Date.now.bind(Date);
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 8;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;

  function drawnTime(video: HTMLVideoElement): number | undefined {
    context.drawImage(video, 0, 0, 64, 8);
    const { data } = context.getImageData(0, 0, 64, 8);
    let bits = 0;
    let check = 0;
    for (let bit = 0; bit < 32; bit++) {
      const at = ((bit < 16 ? 2 : 6) * 64 + (bit % 16) * 4 + 2) * 4;
      const on = (data[at] ?? 0) > 127 ? 1 : 0;
      if (bit < 24) bits |= on << bit;
      else check |= on << (bit - 24);
    }
    if ((((bits >> 16) ^ (bits >> 8) ^ bits ^ 0xa5) & 0xff) !== check) return undefined;
    const now = clock();
    return now - ((now - bits) & 0xffffff);
  }

  function follow(video: HTMLVideoElement): void {
    video.addEventListener('loadstart', () => page.mediaSources++);
    const next = (): void => {
      const drawn = drawnTime(video);
      if (drawn !== undefined) page.shownFrames.push({ drawn, shown: clock() });
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  const followed = new WeakSet<HTMLVideoElement>();
  setInterval(() => {
    const video = document.querySelector('live-player')?.shadowRoot?.querySelector('video');
    if (!video || followed.has(video)) return;
    followed.add(video);
    follow(video);
  }, 50);
}
