import { assert } from 'chai';
import {
  VideoElementController,
  type VideoElementOptions,
} from '../../../widget/controllers/video-element.js';
import { makeSource } from '../media/pictures.js';
import { Host, until } from './host.js';

describe('VideoElementController with a MediaStream', () => {
  let host: Host;
  let video: HTMLVideoElement;
  let controller: VideoElementController;
  let source: ReturnType<typeof makeSource>;

  beforeEach(() => {
    source = makeSource('red', { tone: true });
    video = document.createElement('video');
    document.body.append(video);
    make();
  });

  afterEach(() => {
    host.disconnect();
    source.stop();
    video.remove();
  });

  function make(options: Partial<VideoElementOptions> = {}): void {
    host = new Host();
    controller = new VideoElementController(host, { video: () => video, ...options });
    host.connect();
  }

  const isPlaying = (): Promise<void> => until(controller, 'statechange', () => controller.playing);

  it('has nothing to show at first', () => {
    assert.isTrue(controller.paused);
    assert.isFalse(controller.playing || controller.buffering || controller.ended || controller.hasFrame);
    assert.isUndefined(controller.transport);
    assert.isUndefined(controller.latency);
    assert.equal(controller.duration, 0);
  });

  it('plays it by itself', async () => {
    controller.attachStream(source.stream);
    assert.isTrue(controller.buffering);
    await isPlaying();
    assert.equal(controller.transport, 'stream');
    assert.isTrue(controller.hasFrame && controller.atLiveEdge);
    assert.isFalse(controller.paused || controller.buffering || controller.autoplayBlocked);
    assert.equal(controller.duration, Infinity);
  });

  it('waits to be asked where autoplay is off', async () => {
    make({ autoplay: () => false });
    controller.attachStream(source.stream);
    await until(controller, 'statechange', () => controller.hasFrame);
    assert.isTrue(controller.paused);
    assert.isFalse(controller.buffering);
    await controller.togglePlay();
    assert.isFalse(controller.paused);
    await controller.togglePlay();
    assert.isTrue(controller.paused);
  });

  it('shows nothing any more', async () => {
    controller.attachStream(source.stream);
    await isPlaying();
    controller.attachStream(null);
    assert.isNull(video.srcObject);
    assert.isFalse(controller.hasFrame || controller.playing || controller.buffering);
  });

  it('changes volume and sound', () => {
    let changes = 0;
    controller.addEventListener('statechange', () => changes++);
    controller.setVolume(0.25);
    assert.equal(controller.volume, 0.25);
    controller.toggleMute();
    assert.isTrue(controller.muted);
    controller.setVolume(2);
    assert.equal(controller.volume, 1);
    assert.isFalse(controller.muted);
    controller.setVolume(-1);
    assert.equal(controller.volume, 0);
  });

  it('falls back to silence where the browser forbids sound', async () => {
    const { play } = video;
    video.play = () =>
      video.muted ? play.call(video) : Promise.reject(new DOMException('no', 'NotAllowedError'));
    controller.attachStream(source.stream);
    await isPlaying();
    await until(controller, 'statechange', () => controller.mutedByPolicy);
    assert.isTrue(controller.muted);
    assert.isFalse(controller.autoplayBlocked);
    controller.toggleMute();
    assert.isFalse(controller.muted || controller.mutedByPolicy);
  });

  it('asks for a click where the browser forbids everything', async () => {
    const { play } = video;
    video.play = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    controller.attachStream(source.stream);
    await until(controller, 'statechange', () => controller.autoplayBlocked);
    assert.isFalse(controller.muted || controller.buffering);
    video.play = play;
    await controller.play();
    await isPlaying();
    assert.isFalse(controller.autoplayBlocked);
  });

  it('takes a video element that is rendered later, and another one in its place', async () => {
    let current: HTMLVideoElement | null = null;
    make({ video: () => current });
    controller.attachStream(source.stream);
    current = video;
    host.requestUpdate();
    await isPlaying();
    const other = document.createElement('video');
    document.body.append(other);
    current = other;
    host.requestUpdate();
    await until(controller, 'statechange', () => other.srcObject === source.stream && controller.playing);
    assert.isNull(video.srcObject);
    other.remove();
  });

  it('gives the video element back with its host, and takes it again', async () => {
    controller.attachStream(source.stream);
    await isPlaying();
    host.disconnect();
    await Promise.resolve();
    assert.isNull(video.srcObject);
    host.connect();
    await isPlaying();
    assert.strictEqual(video.srcObject, source.stream);
  });

  it('passes events on', async () => {
    const events: string[] = [];
    controller.addEventListener('playing', ({ type }) => events.push(type));
    controller.addEventListener('pause', ({ type }) => events.push(type));
    controller.attachStream(source.stream);
    await isPlaying();
    controller.pause();
    await until(controller, 'pause', () => events.includes('pause'));
    assert.deepEqual(events, ['playing', 'pause']);
  });
});
