import fc, { type Arbitrary } from 'fast-check';
import type { TrackConfig } from '../../../server/protocol.js';
import { frameMessage, generateFrames, type Frame, type Frames } from '../../helpers/frames.js';
import { PlaylistWatch, withBystander } from '../bystander.js';
import { applyEdits, edits, type Edit } from '../grammar/bytes.js';
import type { FuzzTarget } from '../target.js';

/** Changes to a run of frames. Times in microseconds. */
interface Change {
  /** The first frame that it concerns, as a share of all, and how many. */
  at: number;
  count: number;
  how: 'drop' | 'repeat' | 'swap' | 'move' | 'edit' | 'end' | 'header' | 'configure' | 'clock';
  by: number;
  edits: Edit[];
}

const HOUR = 3600e6;
const times = fc.oneof(
  fc.integer({ min: -2_000_000, max: 2_000_000 }),
  fc.constantFrom(
    HOUR,
    -HOUR,
    24 * HOUR,
    -24 * HOUR,
    2 ** 31,
    2 ** 32,
    2 ** 33 / 0.09,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2 ** 62,
  ),
  fc.integer({ min: -20_000_000, max: 20_000_000 }),
);

const change: Arbitrary<Change> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 200 })),
  how: fc.constantFrom('drop', 'repeat', 'swap', 'move', 'edit', 'end', 'header', 'configure', 'clock'),
  by: times,
  edits: edits(3),
});

/** An encoder that sends its frames damaged, out of order, at other times, under other configurations. */
export const frames: FuzzTarget = {
  name: 'frames',
  title: 'encoded frames: real ones with headers, bytes, times, order and configurations changed',
  async prepare() {
    const sources = await Promise.all([
      generateFrames({ video: 'h264', audio: 'aac', seconds: 3 }),
      generateFrames({ video: 'h264', audio: 'opus', seconds: 3, frameRate: 25 }),
      generateFrames({ video: 'h264', seconds: 3 }),
      generateFrames({ audio: 'opus', seconds: 2 }),
    ]);
    const property = fc.asyncProperty(
      fc.record({
        which: fc.nat(sources.length - 1),
        changes: fc.array(change, { maxLength: 6 }),
        start: times,
      }),
      async ({ which, changes, start }) => {
        await withBystander({}, async (world, bystander) => {
          const client = await world.connect();
          const usesClock = changes.some(({ how }) => how === 'clock');
          const watch = new PlaylistWatch(world, 'fuzzed', usesClock ? ['§4.4.4.6'] : []);
          client.send(
            JSON.stringify({ type: 'start-stream', streamId: 'fuzzed', format: sources[which]!.format }),
          );
          await client.settled();
          let count = 0;
          for (const message of play(sources[which]!, changes, start)) {
            client.send(message);
            if (typeof message === 'string') await client.settled();
            if (++count % 10 === 0) bystander.send(1);
            if (count % 40 === 0) await watch.look();
          }
          await client.settled();
          await watch.look();
          client.send(JSON.stringify({ type: 'stop-stream', streamId: 'fuzzed' }));
          await client.settled();
          await watch.look();
        });
      },
    );
    return { property };
  },
};

/** The messages of a source with the changes made. */
function play(
  { frames: all, format }: Frames,
  changes: readonly Change[],
  start: number,
): (Uint8Array | string)[] {
  const messages: { frame: Frame; message: Uint8Array | string }[] = all.map((frame) => ({
    frame,
    message: retimed(frame, start),
  }));
  for (const { at, count, how, by, edits: list } of changes) {
    const first = Math.floor(at * messages.length);
    const some = messages.slice(first, first + count);
    if (some.length === 0) continue;
    const replace = (by: typeof some): unknown => messages.splice(first, some.length, ...by);
    const map = (make: (each: (typeof some)[number]) => Uint8Array | string): unknown =>
      replace(some.map((each) => ({ ...each, message: make(each) })));
    if (how === 'drop') replace([]);
    else if (how === 'repeat') replace([...some, ...some]);
    else if (how === 'swap') replace([...some].reverse());
    else if (how === 'move') map(({ frame }) => retimed(frame, start + by));
    else if (how === 'end')
      messages.splice(
        first,
        messages.length,
        ...messages.slice(first).map((each) => ({ ...each, message: retimed(each.frame, start + by) })),
      );
    else if (how === 'edit') map(({ message }) => edited(message, list, 16));
    else if (how === 'header') map(({ message }) => edited(message, list, 0));
    else
      // The first ones come before there is a frame.
      replace([
        { ...some[0]!, message: how === 'clock' ? clock(by) : configure(format.tracks, by) },
        ...some,
      ]);
  }
  return messages.map(({ message }) => message);
}

function edited(message: Uint8Array | string, list: readonly Edit[], from: number): Uint8Array | string {
  if (typeof message === 'string') return message;
  const part = applyEdits(from === 0 ? message.subarray(0, 16) : message.subarray(from), list);
  return from === 0
    ? Buffer.concat([part, message.subarray(16)])
    : Buffer.concat([message.subarray(0, from), part]);
}

function retimed(frame: Frame, by: number): Uint8Array {
  const message = frameMessage({ ...frame, timestamp: 0 }, frame.chunk);
  new DataView(message.buffer).setBigInt64(
    4,
    BigInt.asIntN(64, BigInt(Math.round(by)) + BigInt(frame.timestamp)),
  );
  return message;
}

/** Of a time that no frame can have where it is a large one. */
const clock = (by: number): string => {
  const timestamp = by === 2 ** 62 ? -1e300 : by;
  return JSON.stringify({ type: 'capture-clock', streamId: 'fuzzed', timestamp, time: Date.now() });
};

/** A track under another configuration, of which most can be served. */
function configure(tracks: readonly TrackConfig[], seed: number): string {
  const track = tracks[Math.abs(Math.round(seed)) % tracks.length]!;
  const changed =
    track.kind === 'video'
      ? {
          ...track,
          ...[{ frameRate: 1000 }, { width: 64, height: 64 }, { description: undefined }][
            Math.abs(Math.round(seed)) % 3
          ],
        }
      : {
          ...track,
          ...[{ sampleRate: 8000 }, { channels: 1 }, { description: undefined }][
            Math.abs(Math.round(seed)) % 3
          ],
        };
  return JSON.stringify({ type: 'track-config', streamId: 'fuzzed', track: changed });
}
