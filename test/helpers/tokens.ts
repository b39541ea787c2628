import { SignJWT } from 'jose';

export interface TokenRecipe {
  /** Signs it, by HS256. */
  secret: string;
  streamId: string;
  scope?: unknown;
  /** Seconds from now; the server allows for clocks that differ by five. */
  expiresIn?: number;
  /** Tells tokens apart that are otherwise the same. */
  id?: string;
}

/** A token as anybody with jose makes one. */
export function mint({
  secret,
  streamId,
  scope = 'play',
  expiresIn = 60,
  id = '',
}: TokenRecipe): Promise<string> {
  return new SignJWT({ scope, ...(id ? { jti: id } : {}) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(streamId)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(new TextEncoder().encode(secret));
}
