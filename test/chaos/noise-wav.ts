import { noise } from '../helpers/noise.js';

const RATE = 48_000;

/** Bytes of a WAV file's header, and of them those that its RIFF chunk does not count. */
const HEADER = 44;
const UNCOUNTED = 8;

/**
 * White noise as a WAV file, mono, 16 bits: no two packets that an encoder makes of it are alike, as those of silence are.
 * @param seconds its length
 */
export function noiseWav(seconds: number): Buffer {
  const samples = noise(seconds * RATE * 2);
  const header = Buffer.alloc(HEADER);
  header.write('RIFF');
  header.writeUInt32LE(HEADER + samples.length - UNCOUNTED, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}
