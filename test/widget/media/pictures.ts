/** A video element that plays a stream, for looking at its pictures. */
export async function show(stream: MediaStream): Promise<HTMLVideoElement> {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = stream;
  document.body.append(video);
  await video.play();
  return video;
}

/** Red, green and blue at a point of the next picture that satisfies the test; x and y are shares of the size. */
export async function colourUntil(
  video: HTMLVideoElement,
  [x, y]: readonly [number, number],
  test: (colour: readonly [number, number, number]) => boolean,
): Promise<void> {
  const canvas = document.createElement('canvas');
  canvas.width = 100;
  canvas.height = 100;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  for (;;) {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    context.drawImage(video, 0, 0, 100, 100);
    const [red = 0, green = 0, blue = 0] = context.getImageData(x * 100, y * 100, 1, 1).data;
    if (test([red, green, blue])) return;
  }
}

/** Resolves when the picture has changed so many times. */
export async function changes(video: HTMLVideoElement, count: number): Promise<void> {
  const context = new OffscreenCanvas(160, 90).getContext('2d', { willReadFrequently: true })!;
  let last: string | undefined;
  for (let seen = 0; seen <= count;) {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    context.drawImage(video, 0, 0, 160, 90);
    const picture = String(context.getImageData(0, 0, 160, 90).data);
    if (picture !== last) seen += 1;
    last = picture;
  }
}

export const isRed = ([red, green, blue]: readonly [number, number, number]): boolean =>
  red > 150 && green < 100 && blue < 100;
export const isGreen = ([red, green, blue]: readonly [number, number, number]): boolean =>
  green > 150 && red < 100 && blue < 100;
export const isDark = ([red, green, blue]: readonly [number, number, number]): boolean =>
  red + green + blue < 100;

/** Squares of any colour, which no encoder makes small; another picture each time. */
function noisePainter(context: CanvasRenderingContext2D, width: number, height: number): () => void {
  const pictures = Array.from({ length: 5 }, () => {
    const picture = new ImageData(width / 8, height / 8);
    for (let at = 0; at < picture.data.length; at++)
      picture.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext('2d')!.putImageData(picture, 0, 0);
    return canvas;
  });
  let shown = 0;
  return () => context.drawImage(pictures[shown++ % pictures.length]!, 0, 0, width, height);
}

/** A stream of one colour, or of `noise`, with a tone where asked. */
export function makeSource(
  colour: string,
  { width = 640, height = 360, tone = false } = {},
): { stream: MediaStream; stop(): void } {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d')!;
  const fill = (): void => {
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
  };
  const paint = colour === 'noise' ? noisePainter(context, width, height) : fill;
  paint();
  const timer = setInterval(paint, 40);
  const stream = canvas.captureStream();
  const audio = tone ? new AudioContext() : undefined;
  if (audio) {
    const destination = audio.createMediaStreamDestination();
    const oscillator = audio.createOscillator();
    oscillator.connect(destination);
    oscillator.start();
    for (const track of destination.stream.getAudioTracks()) stream.addTrack(track);
  }
  return {
    stream,
    stop() {
      clearInterval(timer);
      void audio?.close();
    },
  };
}
