export interface Size {
  width: number;
  height: number;
}

export interface Rectangle extends Size {
  x: number;
  y: number;
}

/** What most cameras and connections manage. */
export const DEFAULT_SIZE: Size = { width: 1280, height: 720 };

/** Chroma is sampled once per 2×2 pixels: H.264 4:2:0 has no odd sizes. */
export function even(length: number): number {
  return Math.max(2, Math.round(length / 2) * 2);
}

/**
 * The largest even size of a source's shape inside a box, never enlarged. The box turns with an upright source.
 */
export function fitSize(source: Size, box: Size): Size {
  const isUpright = source.height > source.width;
  const [width, height] = isUpright ? [box.height, box.width] : [box.width, box.height];
  const scale = Math.min(1, width / source.width, height / source.height);
  return { width: even(source.width * scale), height: even(source.height * scale) };
}

/** Where a source lies in a frame that shows it whole, with bars beside it. */
export function contain(source: Size, frame: Size): Rectangle {
  const scale = Math.min(frame.width / source.width, frame.height / source.height);
  const width = source.width * scale;
  const height = source.height * scale;
  return { x: (frame.width - width) / 2, y: (frame.height - height) / 2, width, height };
}

/** The part of a source that fills a frame of another shape. */
export function cover(source: Size, frame: Size): Rectangle {
  return contain(frame, source);
}
