import fc from 'fast-check';
import { LivestreamError } from '../../../server/errors.js';
import { ContainerDetector } from '../../../server/ingest/container-detector.js';
import type { ContainerScanner } from '../../../server/ingest/container.js';
import { applyEdits, edits, inPieces, pieces } from '../grammar/bytes.js';
import { readRecordings } from '../recordings.js';
import type { FuzzTarget } from '../target.js';

const MAX_REPLAY = 64 * 1024;
/** A header, and what is read of an element or packet before it is whole. */
const SLACK = 1024 * 1024 + 64 * 1024;
/** For files of 60 kB, milliseconds; the slowest machine is faster by far. */
const MAX_TIME = 5000;

/** The files of publishers, as far as the server reads them itself. */
export const containers: FuzzTarget = {
  name: 'containers',
  title: "container bytes before ffmpeg: browsers' recordings changed and cut anywhere",
  async prepare() {
    const files = await readRecordings();
    const input = fc.record({
      which: fc.nat(files.length - 1),
      changes: edits(),
      sizes: pieces,
      times: fc.integer({ min: 1, max: 4 }),
    });
    const property = fc.asyncProperty(input, async ({ which, changes, sizes, times }) => {
      const bytes = applyEdits(files[which]!, changes);
      const detector = new ContainerDetector(MAX_REPLAY);
      const startedAt = performance.now();
      let scanner: ContainerScanner | undefined;
      try {
        for (let time = 0; time < times; time++) {
          for (const piece of inPieces(bytes, sizes)) {
            if (scanner) scanner.push(piece);
            else scanner = detector.push(piece);
          }
        }
      } catch (error) {
        if (!(error instanceof LivestreamError)) throw error;
      }
      const took = performance.now() - startedAt;
      if (took > MAX_TIME) throw new Error(`${bytes.length} bytes took ${Math.round(took)} ms`);
      const parts = scanner ? [...scanner.replay.replay().bytes, scanner.partial] : [];
      const kept = parts.reduce((sum, { length }) => sum + length, 0);
      if (kept > MAX_REPLAY + SLACK) throw new Error(`${kept} bytes are kept for a restart`);
      return Promise.resolve();
    });
    return { property };
  },
};
