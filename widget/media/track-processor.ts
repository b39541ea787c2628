/** Breaks a track into its frames. Where it exists at all is no matter of standards: windows in Chromium, workers in Safari. */
type TrackProcessor = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => {
  readable: ReadableStream<VideoFrame> | ReadableStream<AudioData>;
};

/**
 * Chromium collects a processor whose readable went to a worker as garbage, and its frames just stop: it must live as long
 * as its track.
 */
const processors = new WeakMap<MediaStreamTrack, InstanceType<TrackProcessor>[]>();

function process(track: MediaStreamTrack, maxBufferSize: number, Processor: TrackProcessor): ReadableStream {
  const processor = new Processor({ track, maxBufferSize });
  processors.set(track, [...(processors.get(track) ?? []), processor]);
  return processor.readable;
}

/** undefined: not in this browser, or not in this kind of scope. */
export function trackProcessor(): TrackProcessor | undefined {
  return (globalThis as { MediaStreamTrackProcessor?: TrackProcessor }).MediaStreamTrackProcessor;
}

/** A video track's frames. The newest counts: one that nobody took gives way to the next. */
export function videoFrames(track: MediaStreamTrack, Processor: TrackProcessor): ReadableStream<VideoFrame> {
  return process(track, 1, Processor) as ReadableStream<VideoFrame>;
}

/** An audio track's data, which may not be lost. */
export function audioData(track: MediaStreamTrack, Processor: TrackProcessor): ReadableStream<AudioData> {
  return process(track, 100, Processor) as ReadableStream<AudioData>;
}
