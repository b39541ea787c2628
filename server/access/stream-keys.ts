import type { KeyGrant } from '../streams/publish-grant.js';
import { STREAM_ID_PATTERN } from '../protocol.js';
import type { KeyStore, KeyStoreState, StreamKeyRecord } from './key-store.js';
import { checkOriginList } from './origins.js';
import { sameText } from '../ingest/resume-token.js';
import { randomHex, sha256 } from './secrets.js';
import { createKeyId, createStreamKey, keyIdOf, proofOf, type KeyProof } from './stream-key.js';

/** Most keys in a store, and most streams that one may be bound to. */
const MAX_KEYS = 10_000;
const MAX_STREAM_IDS = 1000;
const MAX_ORIGINS = 100;

/** Longest overlap of a rotation, seconds: a year. */
const MAX_OVERLAP = 366 * 86_400;

const TOKEN_SECRET_BYTES = 32;

/** What a key is for. */
export interface NewStreamKey {
  /** For people: whose it is. At most 100 characters. */
  name?: string | undefined;
  /** What it may publish. Absent or empty: every stream. */
  streamIds?: readonly string[] | undefined;
  /** `private`: viewers of what it publishes need a token. */
  playback?: 'private' | undefined;
  /** Web origins whose pages may play what it publishes, in place of the server's. At most 100. */
  playbackOrigins?: readonly string[] | undefined;
}

/** What may be told of a key. */
export type StreamKeyInfo = Omit<StreamKeyRecord, keyof KeyProof | 'previous'> & {
  /** ISO 8601: until when the key before the last rotation is taken too. */
  previousUntil?: string;
};

/** A key as it is told once, at its creation or rotation: afterwards nobody can. */
export type CreatedStreamKey = StreamKeyInfo & { streamKey: string };

/** There is no such key. */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';

  constructor(id: string) {
    super(`there is no stream key '${id.slice(0, 40)}'; list them to see which there are`);
  }
}

/** The stream keys in a store: made, listed, rotated, revoked and recognised. */
export class StreamKeys {
  #state: KeyStoreState = {};
  #wasRead = false;

  constructor(
    private readonly store: KeyStore,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws RangeError naming what is wrong with which value */
  async create({
    name,
    streamIds = [],
    playback,
    playbackOrigins,
  }: NewStreamKey = {}): Promise<CreatedStreamKey> {
    if (name !== undefined && (name.length > 100 || /\p{Cc}/u.test(name))) {
      throw new RangeError('name must have at most 100 characters and no control characters');
    }
    const wrong = streamIds.find((each: string) => !STREAM_ID_PATTERN.test(each));
    if (wrong !== undefined) {
      throw new RangeError(`stream id '${wrong.slice(0, 80)}' must be 1 to 64 letters, digits, _ or -`);
    }
    if (streamIds.length > MAX_STREAM_IDS)
      throw new RangeError(`a key is for ${MAX_STREAM_IDS} streams at most`);
    checkOriginList('playbackOrigins', playbackOrigins);
    if (playbackOrigins && playbackOrigins.length > MAX_ORIGINS)
      throw new RangeError(`a key has ${MAX_ORIGINS} playbackOrigins at most`);
    const id = createKeyId();
    const streamKey = createStreamKey(id);
    const record: StreamKeyRecord = {
      id,
      ...(name ? { name } : {}),
      ...(streamIds.length > 0 ? { streamIds: [...new Set(streamIds)] } : {}),
      ...(playback ? { playback } : {}),
      ...(playbackOrigins ? { playbackOrigins: [...new Set(playbackOrigins)] } : {}),
      createdAt: new Date(this.now()).toISOString(),
      ...(await proofOf(streamKey)),
    };
    await this.#update((keys) => {
      if (keys.length >= MAX_KEYS) throw new RangeError(`there are ${MAX_KEYS} keys already; revoke some`);
      return [...keys, record];
    });
    return { ...describe(record), streamKey };
  }

  async list(): Promise<StreamKeyInfo[]> {
    return ((await this.refresh()).keys ?? []).map(describe);
  }

  /**
   * Gives a key another secret.
   * @param overlap how long the one before is still taken, seconds; 0: no more, and what it publishes ends
   * @throws UnknownKeyError, or RangeError for an overlap that is out of range
   */
  async rotate(id: string, overlap = 0): Promise<CreatedStreamKey> {
    if (!(overlap >= 0 && overlap <= MAX_OVERLAP)) {
      throw new RangeError(`overlap is ${overlap}; give seconds from 0 to ${MAX_OVERLAP}`);
    }
    const streamKey = createStreamKey(id);
    const proof = await proofOf(streamKey);
    const now = this.now();
    const rotate = (record: StreamKeyRecord): StreamKeyRecord => {
      const { hash, publicKey } = record;
      const validUntil = new Date(now + overlap * 1000).toISOString();
      return {
        ...record,
        ...proof,
        rotatedAt: new Date(now).toISOString(),
        previous: overlap > 0 ? { hash, publicKey, validUntil } : undefined,
      };
    };
    await this.#update((keys) => replace(keys, id, (record) => [rotate(record)]));
    const rotated = this.#state.keys?.find((record) => record.id === id);
    if (!rotated) throw new UnknownKeyError(id);
    return { ...describe(rotated), streamKey };
  }

  /**
   * Takes a key away, at once and for good: what it publishes ends, and its tokens are worth nothing.
   * @throws UnknownKeyError
   */
  async revoke(id: string): Promise<void> {
    await this.#update((keys) => replace(keys, id, () => []));
  }

  /** Whether there ever was a key, of which publishers now need one. */
  async inUse(): Promise<boolean> {
    await this.refresh();
    return this.wereInUse;
  }

  /** The same as far as is known by now. Where the store could not be read even once they may be: nobody goes in by its failure. */
  get wereInUse(): boolean {
    return !this.#wasRead || this.#state.keys !== undefined;
  }

  /** The record of a key that is presented; undefined where it is none, or is not taken any more. */
  async recognise(streamKey: string): Promise<{ record: StreamKeyRecord; grant: KeyGrant } | undefined> {
    const id = keyIdOf(streamKey);
    const [record, hash] = await Promise.all([id && this.find(id), sha256(streamKey)]);
    if (!record || !this.proofs(record).some((proof) => sameText(proof.hash, hash))) return undefined;
    return { record, grant: { id: record.id, hash } };
  }

  async find(id: string): Promise<StreamKeyRecord | undefined> {
    return (await this.refresh()).keys?.find((record) => record.id === id);
  }

  /** Whose pages may play a stream that has not started, as far as a key says so that is bound to it. */
  playbackOriginsOf(streamId: string): readonly string[] | undefined {
    return this.#state.keys?.find(
      ({ streamIds, playbackOrigins }) => playbackOrigins && streamIds?.includes(streamId),
    )?.playbackOrigins;
  }

  /** Those of a record that are taken now: one before the last rotation too, while it overlaps. */
  proofs({ hash, publicKey, previous }: StreamKeyRecord): KeyProof[] {
    const proofs = [{ hash, publicKey }];
    if (previous && Date.parse(previous.validUntil) > this.now()) proofs.push(previous);
    return proofs;
  }

  /** Whether a key that was recognised is still taken, as far as is known by now. */
  stands({ id, hash }: KeyGrant): boolean {
    const record = this.#state.keys?.find((each) => each.id === id);
    return record !== undefined && this.proofs(record).some((proof) => sameText(proof.hash, hash));
  }

  /** When the next overlap ends, milliseconds since the epoch; undefined where there is none. */
  get nextExpiry(): number | undefined {
    const times = (this.#state.keys ?? []).flatMap(({ previous }) =>
      previous ? [Date.parse(previous.validUntil)] : [],
    );
    const next = Math.min(...times.filter((time) => time > this.now()));
    return Number.isFinite(next) ? next : undefined;
  }

  /** By which the server signed tokens itself; undefined where it never did. */
  async knownTokenSecret(): Promise<string | undefined> {
    return (await this.refresh()).tokenSecret;
  }

  /** By which the server signs tokens itself; made where there is none. */
  async tokenSecret(): Promise<string> {
    const tokenSecret = await this.knownTokenSecret();
    if (tokenSecret) return tokenSecret;
    const fresh = randomHex(TOKEN_SECRET_BYTES);
    this.#learn(await this.store.update((state) => ({ tokenSecret: fresh, ...state })));
    return this.#state.tokenSecret ?? fresh;
  }

  /** Tells when something has changed, by whomever, once it is known here. */
  watch(onChange: () => void, onError: (error: unknown) => void): () => void {
    return this.store.watch(() => void this.refresh().then(onChange, onError));
  }

  /** What it rejects with is the store's; what was known last is known still. */
  async refresh(): Promise<KeyStoreState> {
    this.#learn(await this.store.read());
    this.#wasRead = true;
    return this.#state;
  }

  /** A store that was emptied has lost its keys: that must not open a server which may listen to all the world. */
  #learn(state: KeyStoreState): void {
    const isEmptied = state.keys === undefined && this.#state.keys !== undefined;
    this.#state = isEmptied ? { ...state, keys: [] } : state;
  }

  async #update(change: (keys: readonly StreamKeyRecord[]) => StreamKeyRecord[]): Promise<void> {
    this.#learn(await this.store.update((state) => ({ ...state, keys: change(state.keys ?? []) })));
  }
}

/** @throws UnknownKeyError, so that nothing is written */
function replace(
  keys: readonly StreamKeyRecord[],
  id: string,
  by: (record: StreamKeyRecord) => StreamKeyRecord[],
): StreamKeyRecord[] {
  if (!keys.some((record) => record.id === id)) throw new UnknownKeyError(id);
  return keys.flatMap((record) => (record.id === id ? by(record) : record));
}

/** Names what may be told, so that what may not never slips in. */
function describe({
  id,
  name,
  streamIds,
  playback,
  playbackOrigins,
  createdAt,
  rotatedAt,
  previous,
}: StreamKeyRecord): StreamKeyInfo {
  return {
    id,
    ...(name ? { name } : {}),
    ...(streamIds ? { streamIds } : {}),
    ...(playback ? { playback } : {}),
    ...(playbackOrigins ? { playbackOrigins } : {}),
    createdAt,
    ...(rotatedAt ? { rotatedAt } : {}),
    ...(previous ? { previousUntil: previous.validUntil } : {}),
  };
}
