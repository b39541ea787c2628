import { readFile } from 'node:fs/promises';
import fc, { type Arbitrary } from 'fast-check';
import { clientMessage } from '../../../server/routes/client-message.js';
import { generateFrames } from '../../helpers/frames.js';
import { generateMedia } from '../../helpers/media.js';
import { BYSTANDER, PlaylistWatch, withBystander } from '../bystander.js';
import { applyEdits, edits, type Edit } from '../grammar/bytes.js';
import { nearly } from '../grammar/json.js';
import { fitting } from '../grammar/schema.js';
import { silentTranscoder } from '../transcoders.js';
import type { FuzzTarget } from '../target.js';
import type { Client } from '../world.js';

const CLIENTS = 3;
const STREAMS = ['one', 'two'];

type Step =
  | { do: 'say'; client: number; text: string }
  | { do: 'send'; client: number; base: number; edits: Edit[] }
  | { do: 'vanish'; client: number };

/** Clients that say all kinds of things in all kinds of orders: what the protocol knows, what is nearly that, and anything. */
export const messages: FuzzTarget = {
  name: 'messages',
  title: 'WebSocket messages, from the grammar of the protocol and at random',
  async prepare() {
    const frames = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });
    const { path } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus', seconds: 1 });
    const bases = [
      ...frames.frames.slice(0, 20).map(({ message }) => message),
      await readFile(path),
      new Uint8Array(40),
    ];
    const format = fc.constantFrom(frames.format, { kind: 'container' }, undefined);
    const grammar = fitting(clientMessage, {
      streamId: fc.constantFrom(...STREAMS, ...STREAMS, BYSTANDER, 'ws', '__proto__', 'constructor'),
    });
    const start = fc.record({
      type: fc.constant('start-stream'),
      streamId: fc.constantFrom(...STREAMS),
      format,
      resume: fc.constantFrom(undefined, { token: 'RESUME' }),
    });
    const text = nearly(fc.oneof(grammar, start));
    const client = fc.nat(CLIENTS - 1);
    const step: Arbitrary<Step> = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('say' as const), client, text }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('send' as const),
          client,
          base: fc.nat(bases.length - 1),
          edits: edits(2),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('vanish' as const), client }) },
    );
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await withBystander({ transcoder: silentTranscoder }, async (world, bystander) => {
        const clients: Client[] = [];
        const tokens: string[] = [];
        // A capture clock may say anything within its bounds, and moves dates by it.
        const watches = STREAMS.map((id) => new PlaylistWatch(world, id, ['§4.4.4.6', '§6.2.1 nothing']));
        for (const each of steps) {
          if (!clients[each.client] || clients[each.client]!.closed)
            clients[each.client] = await world.connect();
          const its = clients[each.client]!;
          if (each.do === 'say') its.send(each.text.replace('RESUME', tokens.at(-1) ?? 'none'));
          else if (each.do === 'send') its.send(applyEdits(bases[each.base]!, each.edits));
          else its.vanish();
          bystander.send(1);
          await its.settled();
          tokens.push(...its.all('stream-started').map(({ resumeToken }) => resumeToken));
          world.assert();
        }
        for (const watch of watches) await watch.look();
      });
    });
    return { property };
  },
};
