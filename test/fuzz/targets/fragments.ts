import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { ffmpegArguments } from '../../../server/node/ffmpeg-arguments.js';
import { ffmpegPath } from '../../helpers/media.js';
import { PlaylistWatch, withBystander } from '../bystander.js';
import { applyBoxEdits, boxEdits } from '../grammar/boxes.js';
import { applyEdits, edits, inPieces, pieces } from '../grammar/bytes.js';
import { recordingPath } from '../recordings.js';
import type { FuzzTarget } from '../target.js';
import { scripted } from '../transcoders.js';

const run = promisify(execFile);

const RECORDINGS = ['chromium-h264-opus.webm', 'chromium-h264-opus.mp4'] as const;

/** A transcoder that has gone wrong: what it gives is nearly what it should. */
export const fragments: FuzzTarget = {
  name: 'fragments',
  title: 'fragmented MP4 as if from ffmpeg: real output with boxes, numbers and bytes changed',
  async prepare() {
    const inputs = await Promise.all(RECORDINGS.map((name) => readFile(recordingPath(name))));
    const outputs = await Promise.all([transcode('webm', RECORDINGS[0]), transcode('mp4', RECORDINGS[1])]);
    const property = fc.asyncProperty(
      fc.record({ which: fc.nat(outputs.length - 1), boxes: boxEdits, bytes: edits(2), pieces }),
      async ({ which, boxes, bytes, pieces: sizes }) => {
        const output = applyEdits(applyBoxEdits(outputs[which]!, boxes), bytes);
        let starts = 0;
        const transcoder = scripted((events, isFirst) => {
          if (!isFirst) return;
          // What it gave before was well, or nothing would be there to lose; so is what comes when the fault is over.
          events.onOutput(outputs[which]!);
          if (starts++ > 0) return;
          for (const piece of inPieces(output, sizes)) events.onOutput(piece);
        });
        await withBystander(
          { transcoder, limits: { maxTranscoderRestarts: 2 } },
          async (world, bystander) => {
            const client = await world.connect();
            const watch = new PlaylistWatch(world, 'fuzzed');
            client.send(JSON.stringify({ type: 'start-stream', streamId: 'fuzzed' }));
            await client.settled();
            const input = inputs[which]!;
            const half = input.length >> 1;
            for (const piece of [input.subarray(0, half), input.subarray(half)]) {
              client.send(piece);
              await client.settled();
              await watch.look();
              bystander.send(10);
            }
            client.send(JSON.stringify({ type: 'stop-stream', streamId: 'fuzzed' }));
            await client.settled();
            await watch.look();
          },
        );
      },
    );
    return { property };
  },
};

/** What ffmpeg makes of a recording. */
async function transcode(container: 'webm' | 'mp4', name: string): Promise<Buffer> {
  const args = ffmpegArguments({
    ...{ streamId: 'fuzz', container, video: 'copy', audio: 'encode', keyFrameInterval: 1 },
  });
  const withFile = args.map((arg) => (arg === 'pipe:0' ? recordingPath(name) : arg));
  const { stdout } = await run(ffmpegPath, withFile, { encoding: 'buffer', maxBuffer: 1e8, timeout: 20_000 });
  return stdout;
}
