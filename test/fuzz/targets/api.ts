import fc, { type Arbitrary } from 'fast-check';
import { newKey, newToken, rotation } from '../../../server/routes/api.js';
import { checkResponse } from '../answers.js';
import { BYSTANDER, withBystander } from '../bystander.js';
import { nearly } from '../grammar/json.js';
import { fitting } from '../grammar/schema.js';
import type { FuzzTarget } from '../target.js';
import { ADMIN_KEY, type World } from '../world.js';

interface Call {
  method: string;
  path: string;
  /** ID and KEY stand for those of the key that was made last. */
  authorization: string;
  body: string;
}

/** A key that was made. */
interface Made {
  id: string;
  streamKey: string;
}

const streamId = fc.constantFrom(BYSTANDER, 'one', 'two');
const authorization = fc.oneof(
  { weight: 6, arbitrary: fc.constant(`Bearer ${ADMIN_KEY}`) },
  { weight: 2, arbitrary: fc.constant('Bearer KEY') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      'Bearer',
      'Bearer ',
      'Basic eA==',
      `bearer  ${ADMIN_KEY}`,
      `Bearer ${ADMIN_KEY}x`,
    ),
  },
);

const call = (method: string, path: Arbitrary<string>, schema: unknown): Arbitrary<Call> =>
  fc.record({
    method: fc.constantFrom(method, method, method, 'GET', 'HEAD', 'PUT', 'DELETE'),
    path,
    authorization,
    body: nearly(fitting(schema, { streamId })),
  });

const id = fc.constantFrom('ID', 'ID', 'ID', '..', '%2e%2e', 'x', '__proto__', 'a'.repeat(300), '%00');
const anyCall = fc.oneof(
  call('POST', fc.constant('/api/keys'), newKey),
  call(
    'POST',
    id.map((each) => `/api/keys/${each}/rotate`),
    rotation,
  ),
  call(
    'DELETE',
    id.map((each) => `/api/keys/${each}`),
    rotation,
  ),
  call('POST', fc.constant('/api/tokens'), newToken),
);

/** Programs that make, rotate and revoke keys, and mint tokens, of all kinds and in all orders. */
export const api: FuzzTarget = {
  name: 'api',
  title: 'the key API, from the grammar of its bodies and at random',
  prepare() {
    const property = fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 12 }), (calls) =>
      withBystander({ hasKeys: true }, async (world, bystander) => {
        let made: Made = { id: 'none', streamKey: 'none' };
        for (const each of calls) {
          const { problems, key } = await answer(world, each, made);
          if (key) made = key;
          world.problems.push(...problems);
          world.assert();
          bystander.send(1);
        }
      }),
    );
    return Promise.resolve({ property });
  },
};

async function answer(
  world: World,
  { method, path, authorization: given, body }: Call,
  made: Made,
): Promise<{ problems: string[]; key?: Made }> {
  const response = await world.request(path.replace('ID', made.id), {
    method,
    headers: { Authorization: given.replace('KEY', made.streamKey), 'Content-Type': 'application/json' },
    ...(method !== 'GET' && method !== 'HEAD' && { body }),
  });
  const what = `${method} ${path}`;
  const isAdmin = /^bearer\s+the-admin-key-of-the-fuzzer$/i.test(given);
  if (path.startsWith('/api/keys') && !isAdmin && response.ok)
    return { problems: [`${what} without the admin key`] };
  if (response.status !== 201 || path !== '/api/keys')
    return { problems: await checkResponse(response, what) };
  return { problems: [], key: (await response.json()) as Made };
}
