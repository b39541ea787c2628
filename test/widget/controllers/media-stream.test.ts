import { assert } from 'chai';
import { MediaStreamController, type MediaStreamOptions } from '../../../widget/controllers/media-stream.js';
import { LivedropError } from '../../../widget/errors.js';
import { keepFrame } from '../media/kept-frame.js';
import { changes, colourUntil, isDark, isGreen, isRed, makeSource, show } from '../media/pictures.js';
import { Host, until } from './host.js';

const CENTRE = [0.5, 0.5] as const;
const INSET = [0.85, 0.85] as const;

const { getUserMedia, getDisplayMedia } = navigator.mediaDevices;

describe('MediaStreamController', () => {
  let host: Host;
  let media: MediaStreamController;
  let sources: { stream: MediaStream; stop(): void }[];

  beforeEach(() => {
    sources = [];
    make();
  });

  afterEach(() => {
    host.disconnect();
    media.stop();
    for (const source of sources) source.stop();
    document.querySelectorAll('video').forEach((video) => video.remove());
    Object.assign(navigator.mediaDevices, { getUserMedia, getDisplayMedia });
  });

  function make(options: MediaStreamOptions = {}): void {
    host = new Host();
    media = new MediaStreamController(host, options);
    host.connect();
  }

  function source(...parameters: Parameters<typeof makeSource>): MediaStream {
    const made = makeSource(...parameters);
    sources.push(made);
    return made.stream;
  }

  function useCamera(stream: MediaStream): void {
    navigator.mediaDevices.getUserMedia = () => Promise.resolve(stream);
  }

  function useScreen(stream: MediaStream): void {
    navigator.mediaDevices.getDisplayMedia = () => Promise.resolve(stream);
  }

  /** Looks at the loudness at every audio block until it satisfies the test. */
  async function levelUntil(test: (level: number) => boolean): Promise<void> {
    while (!test(media.level)) await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  async function rejection(promise: Promise<unknown>): Promise<LivedropError> {
    try {
      await promise;
    } catch (error) {
      assert.instanceOf(error, LivedropError);
      return error;
    }
    throw new Error('It did not reject.');
  }

  it('takes camera and microphone into one stream', async () => {
    let count = 0;
    media.addEventListener('change', () => count++);
    await media.startCamera();
    assert.isTrue(media.cameraOn);
    assert.isTrue(media.microphoneOn);
    assert.equal(media.layout, 'camera');
    assert.lengthOf(media.stream!.getVideoTracks(), 1);
    assert.lengthOf(media.stream!.getAudioTracks(), 1);
    assert.isAbove(count, 0);
    await levelUntil((level) => level > 0.1);

    await until(media, 'change', () => media.devices.cameras.some(({ label }) => label !== ''));
    assert.isAtLeast(media.devices.microphones.length, 1);
    assert.equal(media.cameraId, media.devices.cameras[0]!.deviceId);
  });

  it('goes on where the page keeps one of the two frames of a camera that browsers give', async () => {
    const camera = await getUserMedia.call(navigator.mediaDevices, { video: true });
    useCamera(camera);
    await media.startCamera();
    const video = await show(media.stream!);
    const close = await keepFrame(camera.getVideoTracks()[0]!);
    await changes(video, 10);
    close();
  });

  it('asks once for both', async () => {
    const requests: MediaStreamConstraints[] = [];
    navigator.mediaDevices.getUserMedia = (constraints) => {
      requests.push(constraints!);
      return getUserMedia.call(navigator.mediaDevices, constraints);
    };
    await media.startCamera();
    assert.lengthOf(requests, 1);
    assert.ok(requests[0]!.video && requests[0]!.audio);
  });

  it('has the size of its first source, fitted and even', async () => {
    useCamera(source('red', { width: 2001, height: 1001 }));
    await media.startCamera();
    const video = await show(media.stream!);
    assert.equal(video.videoWidth, 1280);
    assert.equal(video.videoHeight, 640);
  });

  it('has the size that was asked for, with bars', async () => {
    make({ width: () => 301, height: () => 300 });
    useCamera(source('red', { width: 640, height: 320 }));
    await media.startCamera();
    const video = await show(media.stream!);
    assert.equal(`${video.videoWidth}×${video.videoHeight}`, '302×300');
    await colourUntil(video, CENTRE, isRed);
    await colourUntil(video, [0.5, 0.1], isDark);
  });

  it('swaps sources behind tracks that stay the same', async () => {
    useCamera(source('rgb(220,0,0)'));
    await media.startCamera();
    const stream = media.stream!;
    const tracks = stream.getTracks().map(({ id }) => id);
    const video = await show(stream);
    await colourUntil(video, CENTRE, isRed);

    useScreen(source('rgb(0,220,0)', { width: 1920, height: 1080 }));
    assert.isTrue(await media.shareScreen());
    assert.equal(media.layout, 'screen-with-camera');
    await colourUntil(video, CENTRE, isGreen);
    await colourUntil(video, INSET, isRed);

    media.stopCamera();
    assert.equal(media.layout, 'screen');
    await colourUntil(video, INSET, isGreen);

    media.stopScreen();
    assert.equal(media.layout, 'none');
    await colourUntil(video, CENTRE, isDark);

    useCamera(source('rgb(0,220,0)'));
    await media.startCamera();
    await colourUntil(video, CENTRE, isGreen);
    assert.strictEqual(media.stream, stream);
    assert.deepEqual(
      stream.getTracks().map(({ id }) => id),
      tracks,
    );
    assert.isTrue(stream.getTracks().every(({ readyState }) => readyState === 'live'));
    assert.equal(video.videoWidth, 640);
  });

  it('falls back to the camera when the browser ends the screen', async () => {
    useCamera(source('rgb(220,0,0)'));
    await media.startCamera();
    const screen = source('rgb(0,220,0)');
    useScreen(screen);
    await media.shareScreen();
    const [track] = screen.getVideoTracks();
    track!.stop();
    track!.dispatchEvent(new Event('ended'));
    assert.equal(media.layout, 'camera');
    const video = await show(media.stream!);
    await colourUntil(video, CENTRE, isRed);
  });

  it('takes a cancelled picker for no failure', async () => {
    navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    assert.isFalse(await media.shareScreen());
    assert.isUndefined(media.error);
    assert.isFalse(media.screenOn);
  });

  it('mixes the sound of screen and microphone, and mutes the microphone alone', async () => {
    await media.startCamera();
    await media.toggleMicrophone();
    assert.isFalse(media.microphoneOn);
    await levelUntil((level) => level === 0);
    useScreen(source('green', { tone: true }));
    await media.shareScreen();
    await levelUntil((level) => level > 0.5);
    media.stopScreen();
    await levelUntil((level) => level === 0);
    await media.toggleMicrophone();
    assert.isTrue(media.microphoneOn);
    await levelUntil((level) => level > 0.1);
  });

  it('keeps a muted microphone muted when the camera is started', async () => {
    await media.toggleMicrophone();
    assert.isTrue(media.microphoneOn);
    assert.equal(media.layout, 'none');
    await media.toggleMicrophone();
    await media.startCamera();
    assert.isFalse(media.microphoneOn);
    assert.isTrue(media.cameraOn);
  });

  it('does with sound alone where there is no camera, and says so', async () => {
    navigator.mediaDevices.getUserMedia = (constraints) =>
      constraints?.video
        ? Promise.reject(new DOMException('none', 'NotFoundError'))
        : getUserMedia.call(navigator.mediaDevices, constraints);
    await media.startCamera();
    assert.isFalse(media.cameraOn);
    assert.isTrue(media.microphoneOn);
    assert.equal(media.error?.code, 'DEVICE_NOT_FOUND');
    assert.lengthOf(media.stream!.getVideoTracks(), 1);
  });

  it('does with the picture alone where there is no microphone', async () => {
    navigator.mediaDevices.getUserMedia = (constraints) =>
      constraints?.audio
        ? Promise.reject(new DOMException('none', 'NotFoundError'))
        : getUserMedia.call(navigator.mediaDevices, constraints);
    await media.startCamera();
    assert.isTrue(media.cameraOn);
    assert.isFalse(media.microphoneOn);
    assert.lengthOf(media.stream!.getAudioTracks(), 1);
  });

  for (const [name, code] of [
    ['NotAllowedError', 'PERMISSION_DENIED'],
    ['NotFoundError', 'DEVICE_NOT_FOUND'],
    ['NotReadableError', 'DEVICE_IN_USE'],
  ] as const) {
    it(`makes ${name} into ${code}`, async () => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name));
      let told: LivedropError | undefined;
      media.addEventListener('error', ({ detail }) => (told = detail.error));
      const error = await rejection(media.startCamera());
      assert.equal(error.code, code);
      assert.isNotEmpty(error.help);
      assert.strictEqual(media.error, error);
      assert.strictEqual(told, error);
      assert.isUndefined(media.stream);

      navigator.mediaDevices.getUserMedia = getUserMedia;
      await media.startCamera();
      assert.isUndefined(media.error);
    });
  }

  it('notices that a device is unplugged', async () => {
    const camera = source('red');
    useCamera(camera);
    await media.startCamera();
    camera.getVideoTracks()[0]!.dispatchEvent(new Event('ended'));
    assert.isFalse(media.cameraOn);
    assert.equal(media.error?.code, 'DEVICE_NOT_FOUND');
  });

  it('changes over to a chosen camera', async () => {
    await media.startCamera();
    const stream = media.stream;
    await until(media, 'change', () => media.devices.cameras.length > 0);
    const { deviceId } = media.devices.cameras.at(-1)!;
    await media.selectCamera(deviceId);
    assert.isTrue(media.cameraOn);
    assert.equal(media.cameraId, deviceId);
    assert.strictEqual(media.stream, stream);
  });

  it('releases a camera that arrives after it was taken back', async () => {
    const camera = source('red', { tone: true });
    let give!: (stream: MediaStream) => void;
    navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => (give = resolve));
    const started = media.startCamera();
    media.stop();
    give(camera);
    await started;
    assert.isFalse(media.cameraOn);
    assert.isUndefined(media.stream);
    assert.isTrue(camera.getTracks().every(({ readyState }) => readyState === 'ended'));
  });

  it('gives everything back with its host, and works again when that returns', async () => {
    const camera = source('red', { tone: true });
    useCamera(camera);
    await media.startCamera();
    const { stream } = media;
    host.disconnect();
    await Promise.resolve();
    assert.isUndefined(media.stream);
    assert.isTrue(
      [...stream!.getTracks(), ...camera.getTracks()].every(({ readyState }) => readyState === 'ended'),
    );

    host.connect();
    navigator.mediaDevices.getUserMedia = getUserMedia;
    await media.startCamera();
    assert.isTrue(media.cameraOn);
  });

  it('does not mind that its host is moved', async () => {
    await media.startCamera();
    host.disconnect();
    host.connect();
    await Promise.resolve();
    assert.isTrue(media.cameraOn);
  });
});
