import type { TranscoderEvents, TranscoderFactory, TranscoderInput } from '../../server/ingest/transcoder.js';

/** Takes everything and gives nothing. */
export const silentTranscoder: TranscoderFactory = scripted(() => {});

/**
 * Transcoders that give what a script says.
 * @param onWrite told of each piece of input, and of the first one of each transcoder
 */
export function scripted(
  onWrite: (events: TranscoderEvents, isFirst: boolean, input: TranscoderInput) => void,
): TranscoderFactory {
  return {
    start(input, events) {
      let isOver = false;
      let isFirst = true;
      const over = (error?: Error): void => {
        if (isOver) return;
        isOver = true;
        queueMicrotask(() => events.onExit(error));
      };
      return {
        write() {
          if (!isOver) onWrite(events, isFirst, input);
          isFirst = false;
          return true;
        },
        drained: () => Promise.resolve(),
        end: () => over(),
        kill: () => over(new Error('killed')),
      };
    },
  };
}
