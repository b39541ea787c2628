/** Breaks a track into its frames. Where it exists at all is no matter of standards: windows in Chromium, workers in Safari. */
type TrackProcessor = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => {
  readable: ReadableStream<VideoFrame> | ReadableStream<AudioData>;
};

/** undefined: not in this browser, or not in this kind of scope. */
export function trackProcessor(): TrackProcessor | undefined {
  return (globalThis as { MediaStreamTrackProcessor?: TrackProcessor }).MediaStreamTrackProcessor;
}

/** A video track's frames. The newest counts: one that nobody took gives way to the next. */
export function videoFrames(track: MediaStreamTrack, Processor: TrackProcessor): ReadableStream<VideoFrame> {
  return new Processor({ track, maxBufferSize: 1 }).readable as ReadableStream<VideoFrame>;
}

/** An audio track's data, which may not be lost. */
export function audioData(track: MediaStreamTrack, Processor: TrackProcessor): ReadableStream<AudioData> {
  return new Processor({ track, maxBufferSize: 100 }).readable as ReadableStream<AudioData>;
}
