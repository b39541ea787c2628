/** Breaks a track into its frames. Where it exists at all is no matter of standards: windows in Chromium, workers in Safari. */
type TrackProcessor = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => {
  readable: ReadableStream<VideoFrame> | ReadableStream<AudioData>;
};

/**
 * Chromium collects a processor whose readable went to a worker as garbage, and its frames just stop: it must live as long
 * as its track.
 */
const processors = new Map<object, MediaStreamTrack>();

function process(track: MediaStreamTrack, maxBufferSize: number, Processor: TrackProcessor): ReadableStream {
  const processor = new Processor({ track, maxBufferSize });
  // `ended` is not told of a track that the page itself stops: those are let go at the next one.
  for (const [other, { readyState }] of processors) if (readyState === 'ended') processors.delete(other);
  processors.set(processor, track);
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
