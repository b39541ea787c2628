import { contain, cover, type Rectangle, type Size } from './frame-size.js';

/** Of the camera over a screen, in shares of the frame's shorter side: big enough for a face, small enough to read beside. */
const INSET = { height: 0.28, aspect: 4 / 3, margin: 0.03, radius: 0.02 };

const BACKGROUND = '#111214';

/** What is drawn. */
export interface Picture {
  image: CanvasImageSource;
  size: Size;
}

/**
 * Draws one outgoing picture.
 * @param main fills the frame, with bars beside it
 * @param inset lies over it, bottom right
 */
export function drawScene(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  size: Size,
  main: Picture | undefined,
  inset: Picture | undefined,
): void {
  // Painted in any case, so that there is a new picture.
  context.fillStyle = BACKGROUND;
  context.fillRect(0, 0, size.width, size.height);
  if (main) {
    const at = contain(main.size, size);
    context.drawImage(main.image, at.x, at.y, at.width, at.height);
  }
  if (inset) drawInset(context, size, inset);
}

function drawInset(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  frame: Size,
  { image, size }: Picture,
): void {
  const shorter = Math.min(frame.width, frame.height);
  const height = shorter * INSET.height;
  const width = height * INSET.aspect;
  const margin = shorter * INSET.margin;
  const at: Rectangle = {
    x: frame.width - width - margin,
    y: frame.height - height - margin,
    width,
    height,
  };
  const part = cover(size, at);
  context.save();
  context.beginPath();
  context.roundRect(at.x, at.y, at.width, at.height, shorter * INSET.radius);
  context.clip();
  context.drawImage(image, part.x, part.y, part.width, part.height, at.x, at.y, at.width, at.height);
  context.restore();
}
