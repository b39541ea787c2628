/** Sends a message every so many milliseconds: the first message from outside says how many. */
onmessage = ({ data }: MessageEvent<number>) => {
  setInterval(() => postMessage(null), data);
};

export {};
