const RATE = 48_000;

/** Loudest, of 32,767. */
const AMPLITUDE = 3000;

/** Bytes of a WAV file's header, and of them those that its RIFF chunk does not count. */
const HEADER = 44;
const UNCOUNTED = 8;

/**
 * White noise as a WAV file, mono, 16 bits: no two packets that an encoder makes of it are alike, as those of silence are.
 * @param seconds its length
 */
export function noise(seconds: number): Buffer {
  const samples = seconds * RATE;
  const file = Buffer.alloc(HEADER + samples * 2);
  file.write('RIFF');
  file.writeUInt32LE(file.length - UNCOUNTED, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(RATE * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let at = HEADER; at < file.length; at += 2) {
    file.writeInt16LE(Math.round((Math.random() * 2 - 1) * AMPLITUDE), at);
  }
  return file;
}
