/** Encodes outside of the page's own thread, whose timers stand still while it is hidden. */
import type { AudioInput, EncoderCommand, EncoderReport, VideoInput } from './encoder-messages.js';
import { FramesEncoder } from './frames-encoder.js';
import { trackProcessor, videoFrames } from './track-processor.js';

/** Between reports of what was counted, ms. */
const COUNTS_INTERVAL = 250;

/** Of a worker; the DOM's types know windows only. */
const send = postMessage as (message: EncoderReport, transfer?: Transferable[]) => void;
const post = (report: EncoderReport, transfer?: Transferable[]): void => send(report, transfer);

let encoder: FramesEncoder | undefined;
let pushVideo: ((frame: VideoFrame) => void) | undefined;
let pushAudio: ((data: AudioData) => void) | undefined;

function videoFrom(input: VideoInput): ReadableStream<VideoFrame> {
  if (input.kind === 'readable') return input.readable;
  if (input.kind === 'track') {
    const Processor = trackProcessor();
    if (!Processor) throw new Error('This browser has no MediaStreamTrackProcessor.');
    return videoFrames(input.track, Processor);
  }
  return new ReadableStream({
    start(controller) {
      pushVideo = (frame) => controller.enqueue(frame);
    },
  });
}

function audioFrom(input: AudioInput): ReadableStream<AudioData> {
  if (input.kind === 'readable') return input.readable;
  return new ReadableStream({
    start(controller) {
      pushAudio = (data) => controller.enqueue(data);
    },
  });
}

async function start({ options, video, audio }: EncoderCommand & { type: 'start' }): Promise<void> {
  try {
    const own = new FramesEncoder(options, post);
    encoder = own;
    await own.start(video && videoFrom(video), audio && audioFrom(audio));
    setInterval(() => post({ type: 'counts', counts: own.counts }), COUNTS_INTERVAL);
  } catch (error) {
    post({ type: 'error', message: (error as Error).message });
  }
}

onmessage = ({ data: command }: MessageEvent<EncoderCommand>) => {
  switch (command.type) {
    case 'start':
      void start(command);
      break;
    case 'video-frame':
      if (pushVideo) pushVideo(command.frame);
      else command.frame.close();
      post({ type: 'video-taken' });
      break;
    case 'audio-data':
      if (pushAudio) pushAudio(command.data);
      else command.data.close();
      post({ type: 'audio-taken' });
      break;
    case 'restart':
      encoder?.restart();
      post({ type: 'restarted' });
      break;
    case 'target':
      encoder?.setTarget(command.target);
      break;
    case 'stop':
      // What is on its way still comes, and there is nothing any more that takes it.
      pushVideo = undefined;
      pushAudio = undefined;
      void Promise.resolve(encoder?.stop()).then(() => post({ type: 'stopped' }));
      break;
  }
};

post({ type: 'ready' });
