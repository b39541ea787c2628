import { createCipheriv } from 'node:crypto';

/** Bytes that look random and are the same in every run. */
export function noise(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 'noise'), Buffer.alloc(16)).update(
    Buffer.alloc(length),
  );
}
