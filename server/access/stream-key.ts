import { randomHex, sha256, utf8 } from './secrets.js';

/**
 * A stored stream key as its holder has it: a prefix that scanners for leaked secrets recognise, the id by which it is
 * listed, and 192 random bits.
 */
const PATTERN = /^ldk_([0-9a-f]{12})_[0-9a-f]{48}$/;
const KEY_ID = /^[0-9a-f]{12}$/;
const ID_BYTES = 6;
const SECRET_BYTES = 24;

/** What precedes the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 §7). */
const PKCS8_PREFIX = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/** What a server keeps of a key's secret: enough to recognise the key and what was signed with it, and no more. */
export interface KeyProof {
  /**
   * SHA-256 of the key. A slow hash guards passwords, which can be guessed; nobody guesses 192 random bits, so that one
   * would cost time at every start and give nothing.
   */
  hash: string;
  /** Ed25519, base64url: verifies the tokens that the key signs. Whoever steals it can sign none. */
  publicKey: string;
}

/** A new key's id. */
export function createKeyId(): string {
  return randomHex(ID_BYTES);
}

/** A new secret under an id. */
export function createStreamKey(id: string): string {
  return `ldk_${id}_${randomHex(SECRET_BYTES)}`;
}

/** The id in a key's text; undefined where it is no stored key. */
export function keyIdOf(text: string): string | undefined {
  return PATTERN.exec(text)?.[1];
}

/** Whether a text may be the id of a stored key. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && KEY_ID.test(value);
}

export async function proofOf(streamKey: string): Promise<KeyProof> {
  const { x } = await crypto.subtle.exportKey('jwk', await signingKey(streamKey));
  return { hash: await sha256(streamKey), publicKey: x! };
}

/** The Ed25519 private key that follows from a stored key: its seed is HKDF-SHA-256 of the key's text (RFC 5869). */
export async function signingKey(streamKey: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', utf8(streamKey), 'HKDF', false, ['deriveBits']);
  const seed = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8('livedrop token') },
    material,
    256,
  );
  const pkcs8 = new Uint8Array([...PKCS8_PREFIX, ...new Uint8Array(seed)]);
  return crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
}

export function verifyingKey({ publicKey }: KeyProof): Promise<CryptoKey> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey };
  return crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['verify']);
}
