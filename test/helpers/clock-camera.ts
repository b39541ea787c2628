/**
 * A camera that shows the time, and its reader: glass-to-glass latency, exactly. Both functions run in a page
 * (they are given to Playwright and may use nothing from outside themselves).
 *
 * The picture is two rows of sixteen black or white blocks: the low 24 bits of the time in milliseconds and eight
 * bits of checksum, so that a torn or mangled frame is not taken for a time.
 */

export interface ClockCameraOptions {
  width: number;
  height: number;
  frameRate: number;
}

/** Replaces `getUserMedia` (and `getDisplayMedia`, on a white ground) by a canvas that shows the time and a tone. */
export function installClockCamera({ width, height, frameRate }: ClockCameraOptions): void {
  // As the page's clock may be set.
  const clock = Date.now.bind(Date);

  function draw(canvas: HTMLCanvasElement): void {
    const context = canvas.getContext('2d')!;
    const time = clock() & 0xffffff;
    const check = ((time >> 16) ^ (time >> 8) ^ time ^ 0xa5) & 0xff;
    for (let bit = 0; bit < 32; bit++) {
      const on = bit < 24 ? (time >> bit) & 1 : (check >> (bit - 24)) & 1;
      context.fillStyle = on ? '#fff' : '#000';
      const column = bit % 16;
      context.fillRect((column * width) / 16, bit < 16 ? 0 : height / 2, width / 16 + 1, height / 2 + 1);
    }
  }

  function videoTrack(): MediaStreamTrack {
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    draw(canvas);
    const track = canvas.captureStream(frameRate).getVideoTracks()[0]!;
    const timer = setInterval(
      () => (track.readyState === 'ended' ? clearInterval(timer) : draw(canvas)),
      1000 / frameRate,
    );
    const { stop } = track;
    track.stop = () => {
      clearInterval(timer);
      stop.call(track);
    };
    return track;
  }

  function audioTrack(frequency: number): MediaStreamTrack {
    const context = new AudioContext();
    const destination = context.createMediaStreamDestination();
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(new GainNode(context, { gain: 0.2 })).connect(destination);
    tone.start();
    return destination.stream.getAudioTracks()[0]!;
  }

  const media = (constraints: MediaStreamConstraints | undefined, frequency: number): MediaStream =>
    new MediaStream([
      ...(constraints?.video ? [videoTrack()] : []),
      ...(constraints?.audio ? [audioTrack(frequency)] : []),
    ]);
  // The empty document that is there before the page has none.
  if (!navigator.mediaDevices) return;
  navigator.mediaDevices.getUserMedia = (constraints) => Promise.resolve(media(constraints, 440));
  navigator.mediaDevices.getDisplayMedia = () => Promise.resolve(media({ video: true, audio: true }, 880));
}

export interface ClockReading {
  /** Milliseconds from drawing to showing, one for each frame that could be read. */
  latencies: number[];
  /** Frames shown that could not be read. */
  unreadable: number;
  /** Longest time without a new frame, milliseconds. */
  longestGap: number;
  /** `waiting` events: playback stopped for want of data. */
  stalls: number;
  /** From the newest frame shown before to each frame: backward steps in the drawn time. */
  backwards: number;
}

export interface ClockReaderOptions {
  /** Where the video element is: an element's selector, looked for in open shadow roots too. */
  selector: string;
  seconds: number;
}

/** Reads the time off a playing video's frames. */
export async function readClock({ selector, seconds }: ClockReaderOptions): Promise<ClockReading> {
  function find(root: Document | ShadowRoot): HTMLVideoElement | null {
    const found = root.querySelector(selector);
    if (found instanceof HTMLVideoElement) return found;
    for (const element of root.querySelectorAll('*')) {
      const inside = element.shadowRoot && find(element.shadowRoot);
      if (inside) return inside;
    }
    return null;
  }

  const video = find(document);
  if (!video) throw new Error(`no video matches ${selector}`);
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 8;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const reading: ClockReading = { latencies: [], unreadable: 0, longestGap: 0, stalls: 0, backwards: 0 };
  video.addEventListener('waiting', () => reading.stalls++);

  function decode(): number | undefined {
    context.drawImage(video!, 0, 0, 64, 8);
    const { data } = context.getImageData(0, 0, 64, 8);
    let bits = 0;
    let check = 0;
    for (let bit = 0; bit < 32; bit++) {
      const x = (bit % 16) * 4 + 2;
      const y = bit < 16 ? 2 : 6;
      const on = (data[(y * 64 + x) * 4] ?? 0) > 127 ? 1 : 0;
      if (bit < 24) bits |= on << bit;
      else check |= on << (bit - 24);
    }
    return (((bits >> 16) ^ (bits >> 8) ^ bits ^ 0xa5) & 0xff) === check ? bits : undefined;
  }

  return new Promise((resolve) => {
    const end = performance.now() + seconds * 1000;
    let last = performance.now();
    let newest = 0;
    const timer = setInterval(() => performance.now() > end && finish(), 100);
    const finish = (): void => {
      clearInterval(timer);
      reading.longestGap = Math.max(reading.longestGap, performance.now() - last);
      resolve(reading);
    };
    const onFrame = (): void => {
      const now = performance.now();
      reading.longestGap = Math.max(reading.longestGap, now - last);
      last = now;
      const drawn = decode();
      if (drawn === undefined) reading.unreadable++;
      else {
        reading.latencies.push((Date.now() - drawn) & 0xffffff);
        if (newest && ((drawn - newest) & 0xffffff) > 0x7fffff) reading.backwards++;
        newest = drawn;
      }
      if (now < end) video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  });
}

/** A percentile of some values. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? NaN;
}
