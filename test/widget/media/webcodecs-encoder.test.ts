import { assert } from 'chai';
import type { FramesFormat, TrackConfig, VideoTrackConfig } from '../../../server/protocol.js';
import type { LivedropError } from '../../../widget/errors.js';
import { WebCodecsEncoder } from '../../../widget/media/webcodecs-encoder.js';
import { decodeAudio, decodeVideo, isAudio, isVideo, parseFrame, type Frame } from './frames.js';
import { keepFrame } from './kept-frame.js';
import { makeSource } from './pictures.js';

const period = 1e6 / 30;

/** Bytes: a picture that is shown again has fewer, unless it comes right after a key frame. */
const REPEATED = 300;

describe('WebCodecsEncoder', () => {
  let source: ReturnType<typeof makeSource>;
  let encoder: WebCodecsEncoder;
  let frames: Frame[];
  let configs: TrackConfig[];
  let errors: LivedropError[];
  let arrived: EventTarget;

  beforeEach(() => {
    source = makeSource('red', { tone: true });
    frames = [];
    configs = [];
    errors = [];
    arrived = new EventTarget();
  });

  afterEach(async () => {
    await encoder.stop();
    source.stop();
  });

  const happened = (): void => void arrived.dispatchEvent(new Event('data'));

  async function start(stream = source.stream, videoBitsPerSecond = 2_500_000): Promise<FramesFormat> {
    encoder = new WebCodecsEncoder(
      stream,
      {
        onData(bytes) {
          frames.push(parseFrame(bytes));
          happened();
        },
        onTrackConfig: (track) => configs.push(track),
        onError(error) {
          errors.push(error);
          happened();
        },
      },
      { frameRate: 30, videoBitsPerSecond },
    );
    return (await encoder.start()) as FramesFormat;
  }

  async function until(test: () => boolean): Promise<void> {
    while (!test()) await new Promise((resolve) => arrived.addEventListener('data', resolve, { once: true }));
  }

  const videoUntil = (seconds: number): Promise<void> =>
    until(() => (frames.findLast(isVideo)?.timestamp ?? 0) >= seconds * 1e6);

  it('gives H.264 and audio that decoders take, in a format that says how', async () => {
    const format = await start();
    assert.equal(format.kind, 'frames');
    const [video, audio] = format.tracks as [VideoTrackConfig, TrackConfig & { kind: 'audio' }];
    assert.include(video, { id: 0, kind: 'video', width: 640, height: 360, frameRate: 30 });
    assert.match(video.codec, /^avc1\.42E0/);
    assert.isString(video.description);
    assert.include(audio, { id: 1, kind: 'audio', sampleRate: 48_000, channels: 2 });
    if (audio.codec === 'opus') {
      const head = Uint8Array.from(atob(audio.description!), (letter) => letter.charCodeAt(0));
      const rate = new DataView(head.buffer).getUint32(12, true);
      assert.equal(rate, 48_000, 'as the sample entry, whatever the rate of the microphone');
    }
    await videoUntil(1.2);
    await encoder.stop();

    const pictures = frames.filter(isVideo);
    const decoded = await decodeVideo(video, pictures);
    assert.lengthOf(decoded, pictures.length);
    for (const { width, height } of decoded) assert.deepEqual([width, height], [640, 360]);
    const sound = frames.filter(isAudio);
    const { samples, peak } = await decodeAudio(audio, sound);
    assert.isAtLeast(samples, (sound.length - 1) * 960);
    assert.isAbove(peak, 0.1);
    assert.isEmpty(errors);
    assert.isEmpty(configs);
  });

  it('puts pictures on a grid without a hole, whatever the rate of the source', async () => {
    await start();
    await videoUntil(3);
    const pictures = frames.filter(isVideo);
    assert.equal(pictures[0]!.timestamp, 0);
    pictures.forEach(({ timestamp, duration }, index) => {
      const place = Math.round(timestamp / period);
      assert.equal(timestamp, Math.round(place * period));
      assert.equal(duration, Math.round((place + 1) * period) - timestamp);
      if (index > 0) assert.isAbove(timestamp, pictures[index - 1]!.timestamp);
    });
    // What a busy machine had no time for is left out, and said.
    const { dropped = 0 } = encoder.health;
    assert.isAtLeast(pictures.length + dropped, Math.round(pictures.at(-1)!.timestamp / period) - 2);
  });

  it('goes on where the page keeps one of the two frames of a camera that browsers give', async () => {
    const camera = await navigator.mediaDevices.getUserMedia({ video: true });
    await start(camera);
    const [track] = camera.getVideoTracks();
    const close = await keepFrame(track!);
    const isNew = (frame: Frame): boolean => isVideo(frame) && !frame.isKey && frame.chunk.length > REPEATED;
    const before = frames.length;
    await until(() => frames.slice(before).filter(isNew).length > 25);
    close();
    track!.stop();
  });

  it('makes key frames at the start, and some soon after it', async () => {
    await start();
    await videoUntil(2.5);
    const keys = frames.filter((frame) => isVideo(frame) && frame.isKey).map(({ timestamp }) => timestamp);
    assert.deepEqual(
      keys.slice(0, 4).map((timestamp) => Math.round(timestamp / period)),
      [0, 3, 9, 18],
    );
  });

  it('makes a key frame on demand, and gives nothing that needs what came before', async () => {
    await start();
    await videoUntil(0.4);
    encoder.restart();
    frames = [];
    await until(() => frames.filter(isVideo).length >= 10);
    const [first] = frames;
    assert.isTrue(isVideo(first!) && first!.isKey);
    const keys = frames.filter((frame) => isVideo(frame) && frame.isKey);
    assert.isAtLeast(keys.length, 2, 'as at a start: another one after the first part');
  });

  it('keeps audio without holes, on the clock of the pictures', async () => {
    await start();
    await videoUntil(3);
    const sound = frames.filter(isAudio);
    assert.isBelow(sound[0]!.timestamp, 100_000);
    for (const [index, { timestamp }] of sound.entries()) {
      if (index === 0) continue;
      const gap = timestamp - sound[index - 1]!.timestamp;
      assert.approximately(gap, sound[index - 1]!.duration, 500);
    }
    const picture = frames.findLast(isVideo)!.timestamp;
    assert.isBelow(Math.abs(sound.at(-1)!.timestamp - picture), 400_000);
  });

  it('keeps its size when the source changes its own', async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const context = canvas.getContext('2d')!;
    const timer = setInterval(() => context.fillRect(0, 0, canvas.width, canvas.height), 33);
    const stream = canvas.captureStream();
    const format = await start(stream);
    await videoUntil(0.5);
    canvas.width = 300;
    canvas.height = 500;
    await videoUntil(1.5);
    clearInterval(timer);
    await encoder.stop();
    const decoded = await decodeVideo(format.tracks[0] as VideoTrackConfig, frames.filter(isVideo));
    assert.isAbove(decoded.length, 30);
    for (const { width, height } of decoded) assert.deepEqual([width, height], [640, 360]);
    assert.isEmpty(configs);
  });

  it('lowers bitrate and frame rate, and stays on its grid', async () => {
    source.stop();
    source = makeSource('noise');
    /** Of the last second. */
    const bytes = (): number => {
      const pictures = frames.filter(isVideo);
      const since = pictures.at(-1)!.timestamp - 1e6;
      return pictures
        .filter(({ timestamp }) => timestamp > since)
        .reduce((sum, { chunk }) => sum + chunk.length, 0);
    };
    // Of noise little can be left out: an encoder that has less cannot do with much less.
    await start(source.stream, 10_000_000);
    await videoUntil(2);
    const before = bytes();
    encoder.setTarget({ bitrate: 0.2, divisor: 2 });
    assert.include(encoder.health, { videoBitsPerSecond: 2_000_000, frameRate: 15 });
    await videoUntil(2.5);
    frames = [];
    await videoUntil(4.5);
    assert.isBelow(bytes(), before / 2.5);
    // A new description would be a discontinuity for viewers at each step.
    assert.isEmpty(configs);
    const places = frames.filter(isVideo).map(({ timestamp }) => Math.round(timestamp / period));
    assert.isTrue(places.every((place) => place % 2 === 0));
    assert.isAtMost(places.length, 32);
  });

  it('sends a worker that stands still three pictures and no more, where it is sent pictures', async () => {
    const RealWorker = Worker;
    const page = globalThis as { MediaStreamTrackProcessor?: unknown };
    const { MediaStreamTrackProcessor } = page;
    const held: (() => void)[] = [];
    let holds = false;
    globalThis.Worker = class extends RealWorker {
      override postMessage(message: { type?: string }, transfer: object = []): void {
        const post = (): void => super.postMessage(message, transfer as Transferable[]);
        if (holds && message.type === 'video-frame') held.push(post);
        else post();
      }
    };
    delete page.MediaStreamTrackProcessor;
    try {
      await start();
      const played = (): number => frames.findLast(isVideo)!.timestamp / 1e6;
      await videoUntil(0.3);
      holds = true;
      // The worker shows the last picture again meanwhile.
      await videoUntil(played() + 1);
      assert.lengthOf(held, 3);
      assert.isAbove(encoder.health.dropped ?? 0, 9);
      holds = false;
      for (const post of held.splice(0)) post();
      const before = encoder.health.dropped ?? 0;
      await videoUntil(played() + 1);
      assert.isBelow((encoder.health.dropped ?? 0) - before, 25);
      assert.isEmpty(errors);
    } finally {
      globalThis.Worker = RealWorker;
      page.MediaStreamTrackProcessor = MediaStreamTrackProcessor;
    }
  });

  it('tells when the tracks end', async () => {
    await start();
    for (const track of source.stream.getTracks()) track.stop();
    await until(() => errors.length > 0);
    assert.equal(errors[0]!.code, 'NO_MEDIA_STREAM');
  });

  it('does with a worker from a Blob where the script is of another origin', async () => {
    const RealWorker = Worker;
    const made: string[] = [];
    globalThis.Worker = class extends RealWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        made.push(String(url).split(':')[0]!);
        if (made.length === 1) throw new DOMException('another origin', 'SecurityError');
        super(url, options);
      }
    };
    try {
      await start();
      assert.deepEqual(made, ['http', 'blob']);
    } finally {
      globalThis.Worker = RealWorker;
    }
  });
});
