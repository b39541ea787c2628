import { assert } from 'chai';
import { LivestreamSocketController } from '../../../widget/controllers/livestream-socket.js';
import { MediaStreamController } from '../../../widget/controllers/media-stream.js';
import { VideoElementController } from '../../../widget/controllers/video-element.js';
import type { LivedropError } from '../../../widget/errors.js';
import { NativePlayback } from '../../../widget/media/native-playback.js';
import { Host, until } from './host.js';

const RealWebSocket = WebSocket;
const backendUrl = (): string => (globalThis as { livedropServerUrl?: string }).livedropServerUrl ?? '';

/** Against the real server, whose address the test page carries. */
describe('a broadcast, from the camera to the viewer', () => {
  let host: Host;
  let video: HTMLVideoElement;
  let media: MediaStreamController;
  let socket: LivestreamSocketController;
  let viewer: LivestreamSocketController;
  let player: VideoElementController;
  let streamId: string;
  let sockets: WebSocket[];

  before(function () {
    if (!backendUrl()) this.skip();
  });

  beforeEach(() => {
    sockets = [];
    globalThis.WebSocket = class extends RealWebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
    streamId = `test-${Math.random().toString(36).slice(2)}`;
    video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    host = new Host();
    media = new MediaStreamController(host);
    socket = new LivestreamSocketController(host, { backendUrl });
    viewer = new LivestreamSocketController(host, { backendUrl });
    player = new VideoElementController(host, { video: () => video, showTimeout: 1 });
    host.connect();
  });

  afterEach(async () => {
    globalThis.WebSocket = RealWebSocket;
    host.disconnect();
    await Promise.resolve();
    video.remove();
  });

  async function goLive(): Promise<void> {
    await media.startCamera();
    await socket.startStream(streamId, 'tester', { stream: media.stream });
    await until(socket, 'statechange', () => socket.state === 'live');
  }

  const isPlaying = (): Promise<void> => until(player, 'statechange', () => player.playing);

  /** Resolves when so many seconds more were played. */
  const hasPlayed = async (seconds: number): Promise<void> => {
    const end = video.currentTime + seconds;
    await until(video, 'timeupdate', () => video.currentTime > end);
  };

  it('is seen by a viewer, who is counted', async () => {
    await goLive();
    assert.isTrue(socket.isConnected);
    assert.equal(socket.streamStatus, 'live');
    viewer.connect(streamId);
    await until(socket, 'viewercount', () => socket.viewerCount === 1);
    await until(viewer, 'statuschange', () => viewer.streamStatus === 'live');

    player.load(viewer.playbackUrl!);
    await isPlaying();
    await hasPlayed(2);
    assert.equal(player.transport, 'hls');
    assert.equal(video.videoWidth, media.stream!.getVideoTracks()[0]!.getSettings().width);
    assert.isTrue(player.atLiveEdge);
    assert.isAbove(player.latency!, 0);
    assert.equal(player.duration, Infinity);

    viewer.disconnect();
    await until(socket, 'viewercount', () => socket.viewerCount === 0);
  });

  it('ends for the viewer when it is stopped', async () => {
    await goLive();
    viewer.connect(streamId);
    player.load(viewer.playbackUrl ?? '');
    await isPlaying();
    await socket.stopStream();
    assert.equal(socket.stopReason, 'stopped');
    await until(viewer, 'statuschange', () => viewer.streamStatus === 'ended');
    await until(player, 'ended', () => player.ended);
    assert.isFalse(player.buffering);
  });

  it('is picked up by a player that was there before', async () => {
    viewer.connect(streamId);
    await until(viewer, 'statuschange', () => viewer.streamStatus === 'waiting');
    const failed = new Promise<LivedropError>((resolve) =>
      player.addEventListener('error', ({ detail }) => resolve(detail.error), { once: true }),
    );
    player.load(viewer.playbackUrl!);
    const error = await failed;
    assert.equal(error.code, 'STREAM_NOT_SHOWING');
    assert.match(error.message, /^Stream not showing for viewers/);
    assert.isTrue(player.buffering);

    await goLive();
    await isPlaying();
    await until(player, 'statechange', () => player.error === undefined);
  });

  it('goes on after the connection broke, with nothing lost', async () => {
    await goLive();
    player.load(socket.playbackUrl!);
    await isPlaying();
    let ends = 0;
    player.addEventListener('ended', () => ends++);
    sockets[0]!.dispatchEvent(new CloseEvent('close', { code: 1006 }));
    sockets[0]!.close();
    await until(socket, 'statechange', () => socket.state === 'reconnecting');
    await until(socket, 'statechange', () => socket.state === 'live');
    await hasPlayed(2);
    assert.equal(ends, 0);
    assert.equal(socket.state, 'live');
    assert.isUndefined(socket.error);
  });

  it('can be watched further back, and at the live edge again', async () => {
    await goLive();
    player.load(socket.playbackUrl!);
    await isPlaying();
    await hasPlayed(3);
    player.seek(video.currentTime - 2);
    assert.isFalse(player.atLiveEdge);
    await hasPlayed(0.5);
    assert.equal(video.playbackRate, 1);
    player.seekToLive();
    await until(player, 'latencychange', () => player.atLiveEdge);
    await hasPlayed(1);
  });

  it('is given up by `unload`', async () => {
    await goLive();
    player.load(socket.playbackUrl!);
    await isPlaying();
    player.unload();
    assert.isFalse(player.playing || player.buffering);
    assert.isUndefined(player.transport);
    assert.equal(video.readyState, HTMLMediaElement.HAVE_NOTHING);
  });

  it("plays with the browser's own HLS", async function () {
    if (!video.canPlayType('application/vnd.apple.mpegurl')) this.skip();
    await goLive();
    let errors = 0;
    const playback = new NativePlayback(video, socket.playbackUrl!, {
      onError: (error) => {
        if (error) errors += 1;
      },
      onDebug: () => {},
      onFallback: () => {},
    });
    video.addEventListener('canplay', () => void video.play());
    await hasPlayed(1);
    assert.equal(playback.transport, 'native');
    assert.equal(errors, 0);
    playback.close();
    assert.equal(video.currentSrc === '' || video.readyState === 0, true);
  });
});
