/**
 * The same picture as a frame that may be kept. Chromium gives a page two of a camera's frames at a time and none until one
 * of them is closed; one can stay behind, unreachable until garbage is collected, where a processor's readable goes to a
 * worker while the page is busy, and then a single frame that is kept stops the camera. A frame made of another shares its
 * picture without a copy, and is not counted.
 * @param frame is closed
 */
export function uncountedFrame(frame: VideoFrame): VideoFrame {
  const own = new VideoFrame(frame, { timestamp: frame.timestamp });
  frame.close();
  return own;
}
