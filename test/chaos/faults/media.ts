import { fault, type Fault } from '../fault.js';
import { wrappingContainer } from '../numbered-media.js';
import { NumberedStream } from '../numbered-stream.js';

/** When the timestamps begin anew, seconds from the stream's beginning: it is watched by then. */
const WRAPS_AT = 8;

/** What is in the media itself. */
export const MEDIA: readonly Fault[] = [
  fault<NumberedStream>({
    name: 'timestamps-wrap',
    title: 'media: the 33 bits of MPEG-TS’ timestamps begin anew',
    times: 2,
    promises: { keepsSamples: 'all', seam: 'none' },
    prepare: async (arena) =>
      NumberedStream.start(arena.server, arena.newName(), 'container', await wrappingContainer(WRAPS_AT)),
    inject: async (stream) => {
      await stream.sent(WRAPS_AT - 1);
      const from = Date.now();
      await stream.sent(WRAPS_AT + 2);
      return { from, to: Date.now() };
    },
  }),
];
