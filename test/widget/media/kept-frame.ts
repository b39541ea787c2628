/**
 * Takes a camera's frame and keeps it, as Chromium does with one that it forgot on a busy page's way to a worker. Those are
 * collected before, so that it is the only one.
 * @returns what closes it
 */
export async function keepFrame(camera: MediaStreamTrack): Promise<() => void> {
  const { MediaStreamTrackProcessor: Processor } = globalThis as unknown as {
    MediaStreamTrackProcessor: new (init: { track: MediaStreamTrack }) => {
      readable: ReadableStream<VideoFrame>;
    };
  };
  const { gc } = globalThis as unknown as { gc(options: { execution: 'async' }): Promise<void> };
  await gc({ execution: 'async' });
  const track = camera.clone();
  const reader = new Processor({ track }).readable.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  track.stop();
  return () => value!.close();
}
