import type { KeyProof } from './stream-key.js';

/** A stored stream key, without the key. */
export interface StreamKeyRecord extends KeyProof {
  /** 12 hexadecimal digits; part of the key itself. It stays when the key is rotated. */
  id: string;
  /** For people: whose it is. */
  name?: string | undefined;
  /** What it may publish; absent: every stream. */
  streamIds?: readonly string[] | undefined;
  /** `private`: viewers of what it publishes need a token. Default: as the server says. */
  playback?: 'private' | undefined;
  /** Web origins whose pages may play what it publishes. Default: as the server says. */
  playbackOrigins?: readonly string[] | undefined;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601; absent while it is the first. */
  rotatedAt?: string | undefined;
  /** The key before the last rotation, as long as it is still taken. */
  previous?: (KeyProof & { /** ISO 8601. */ validUntil: string }) | undefined;
}

/** What a key store holds. */
export interface KeyStoreState {
  /** Absent as long as there never was a key: a server whose last key was revoked must not be open to everyone. */
  keys?: readonly StreamKeyRecord[] | undefined;
  /** Signs the tokens that the server itself mints. */
  tokenSecret?: string | undefined;
}

/** Where stream keys are kept. */
export interface KeyStore {
  /** What is stored now. Asked for at every start of a stream: cheap where nothing has changed. */
  read(): Promise<KeyStoreState>;
  /**
   * Changes what is stored, one change after the other, wherever they come from.
   * @param change given the newest state; returns the next one
   */
  update(change: (state: KeyStoreState) => KeyStoreState): Promise<KeyStoreState>;
  /**
   * Tells of changes, those of others too.
   * @returns stops it
   */
  watch(onChange: () => void): () => void;
}

/** Forgets everything with the process. */
export function memoryKeyStore(): KeyStore {
  let state: KeyStoreState = {};
  const listeners = new Set<() => void>();
  return {
    read: () => Promise.resolve(state),
    update(change) {
      state = change(state);
      for (const listener of listeners) listener();
      return Promise.resolve(state);
    },
    watch(onChange) {
      listeners.add(onChange);
      return () => void listeners.delete(onChange);
    },
  };
}
