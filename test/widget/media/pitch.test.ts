import { assert } from 'chai';
import { LATENCY_DEFAULTS } from '../../../widget/media/latency.js';
import { LiveEdge } from '../../../widget/media/live-edge.js';
import { makeSource } from './pictures.js';

/** Hertz, of the oscillator in the source. */
const TONE = 440;

/** Of the recording, and of what is listened to, seconds. */
const RECORDED = 2.5;
const HEARD = 1.2;

/** Before this, seconds, a player may begin softly. */
const BEGINNING = 0.4;

/** A picture and a tone, as a file. */
async function record(): Promise<Blob> {
  // Small: what is listened to must not wait for pictures.
  const source = makeSource('red', { width: 160, height: 90, tone: true });
  const recorder = new MediaRecorder(source.stream);
  const data: Blob[] = [];
  recorder.ondataavailable = (event) => data.push(event.data);
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, RECORDED * 1000));
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.stop();
  await stopped;
  source.stop();
  return new Blob(data, { type: recorder.mimeType });
}

interface Heard {
  /** Hertz, by zero crossings. */
  frequency: number;
  /** Longest time without sound, ms. */
  silence: number;
  /** Longest time without a new picture, ms. */
  pictureGap: number;
  stalls: number;
}

function judge(samples: Float32Array, sampleRate: number): Pick<Heard, 'frequency' | 'silence'> {
  const loudest = samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  let [quiet, quietest, first, last, crossings] = [0, 0, 0, 0, 0];
  samples.forEach((sample, at) => {
    quiet = Math.abs(sample) < loudest / 20 ? quiet + 1 : 0;
    quietest = Math.max(quietest, quiet);
    if (!(sample >= 0 && samples[at - 1]! < 0)) return;
    first ||= at;
    last = at;
    crossings += 1;
  });
  return {
    frequency: ((crossings - 1) * sampleRate) / (last - first),
    silence: (quietest * 1000) / sampleRate,
  };
}

/** Plays a file at a rate, as it is heard. */
async function listen(context: AudioContext, url: string, rate: number, keepsPitch: boolean): Promise<Heard> {
  const video = document.createElement('video');
  video.preservesPitch = false;
  // It follows nothing here: the rate is the test's.
  const edge = keepsPitch ? new LiveEdge(video) : undefined;
  if (edge) edge.isFollowing = false;
  video.src = url;
  document.body.append(video);
  const heard: Float32Array[] = [];
  const node = new AudioWorkletNode(context, 'livedrop-capture', { numberOfOutputs: 0 });
  context.createMediaElementSource(video).connect(node);
  await new Promise((resolve) => video.addEventListener('canplaythrough', resolve, { once: true }));
  video.playbackRate = rate;
  let stalls = 0;
  let pictureGap = 0;
  let shownAt: number | undefined;
  const onFrame = (now: number): void => {
    pictureGap = Math.max(pictureGap, now - (shownAt ?? now));
    shownAt = now;
    video.requestVideoFrameCallback(onFrame);
  };
  await video.play();
  video.addEventListener('waiting', () => (stalls += 1));
  video.requestVideoFrameCallback(onFrame);
  await new Promise<void>((resolve) => {
    node.port.onmessage = ({ data }: MessageEvent<{ planes: Float32Array[] }>) => {
      node.port.postMessage('taken');
      if (video.currentTime < BEGINNING) return;
      heard.push(data.planes[0]!);
      const length = heard.reduce((sum, piece) => sum + piece.length, 0);
      if (length >= HEARD * context.sampleRate) resolve();
    };
  });
  edge?.close();
  const samples = new Float32Array(heard.flatMap((piece) => [...piece]));
  video.remove();
  return { ...judge(samples, context.sampleRate), pictureGap, stalls };
}

describe('the rates of the latency control', () => {
  let url: string;
  let context: AudioContext;

  before(async () => {
    context = new AudioContext({ sampleRate: 48_000 });
    const worklet = new URL('../../../widget/media/capture-worklet.js', import.meta.url);
    const [file] = await Promise.all([record(), context.audioWorklet.addModule(worklet)]);
    url = URL.createObjectURL(file);
    await context.resume();
  });
  after(async () => {
    URL.revokeObjectURL(url);
    await context.close();
  });

  it('are heard neither as another pitch nor as gaps', async function () {
    // Whatever else a machine does can only add gaps: one time without any shows that none is ours.
    this.retries(2);
    const { slowRate, catchUpRate, fastRate } = LATENCY_DEFAULTS;
    for (const rate of [slowRate, catchUpRate, fastRate]) {
      const { frequency, silence, pictureGap, stalls } = await listen(context, url, rate, true);
      const what = `at ${rate}: ${frequency.toFixed(1)} Hz, silent for ${silence.toFixed(1)} ms at most, pictures up to ${pictureGap.toFixed(0)} ms apart`;
      console.info(what);
      assert.approximately(frequency, TONE, TONE * 0.02, what);
      assert.isBelow(silence, 20, what);
      assert.equal(stalls, 0, what);
    }
  });

  it('would be heard, were the pitch not kept', async () => {
    const { frequency } = await listen(context, url, LATENCY_DEFAULTS.catchUpRate, false);
    assert.approximately(frequency, TONE * LATENCY_DEFAULTS.catchUpRate, TONE * 0.02);
  });
});
