import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One packet of a file as ffprobe reads it. */
export interface Packet {
  /** Presentation time, seconds. */
  time: number;
  bytes: Buffer;
}

const read = new Map<string, Promise<Packet[]>>();

/** Every packet of a file's first video or audio track, in file order. A file is read once: it must stay as it is. */
export function readPackets(path: string, kind: 'v' | 'a'): Promise<Packet[]> {
  const key = `${kind} ${path}`;
  if (!read.has(key)) read.set(key, readPacketsOnce(path, kind));
  return read.get(key)!;
}

async function readPacketsOnce(path: string, kind: 'v' | 'a'): Promise<Packet[]> {
  const select = ['-v', 'error', '-select_streams', `${kind}:0`, '-show_entries', 'packet=pts_time,size'];
  const copy = ['-v', 'error', '-i', path, '-map', `0:${kind}:0`, '-c', 'copy', '-f', 'data', 'pipe:1'];
  const [{ stdout }, data] = await Promise.all([
    run('ffprobe', [...select, '-of', 'json', path], { maxBuffer: 1e8 }),
    run('ffmpeg', copy, { maxBuffer: 1e8, encoding: 'buffer' }),
  ]);
  const packets = (JSON.parse(stdout) as { packets: { pts_time: string; size: string }[] }).packets;
  let at = 0;
  return packets.map(({ pts_time, size }) => ({
    time: Number(pts_time),
    bytes: data.stdout.subarray(at, (at += Number(size))),
  }));
}

/** The NAL units of an access unit, by start codes (ITU-T H.264 Annex B) or by 4-byte lengths (ISO/IEC 14496-15). */
export function nalUnits(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const startCode = buffer.indexOf(Buffer.from([0, 0, 1]));
  return startCode === 0 || (startCode === 1 && buffer[0] === 0) ? byStartCodes(buffer) : byLengths(buffer);
}

function byLengths(buffer: Buffer): string[] {
  const units: string[] = [];
  for (let at = 0; at < buffer.length;) {
    const length = buffer.readUInt32BE(at);
    units.push(buffer.toString('hex', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return units;
}

function byStartCodes(buffer: Buffer): string[] {
  const units: string[] = [];
  let at = buffer.indexOf(Buffer.from([0, 0, 1])) + 3;
  while (at < buffer.length) {
    const next = buffer.indexOf(Buffer.from([0, 0, 1]), at);
    let end = next === -1 ? buffer.length : next;
    while (end > at && buffer[end - 1] === 0) end--;
    units.push(buffer.toString('hex', at, end));
    at = next === -1 ? buffer.length : next + 3;
  }
  return units;
}

/** Mean brightness (0 to 255) of each decoded frame, in presentation order. */
export async function brightness(path: string): Promise<Buffer> {
  const scale = ['-vf', 'scale=1:1,format=gray', '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'];
  const args = ['-v', 'error', '-i', path, '-map', '0:v:0', ...scale];
  return (await run('ffmpeg', args, { maxBuffer: 1e8, encoding: 'buffer' })).stdout;
}

/** Every decoded audio sample of the first channel, 48 kHz. */
export async function waveform(path: string): Promise<Int16Array> {
  const args = ['-v', 'error', '-i', path, '-map', '0:a:0', '-af', 'pan=mono|c0=c0', '-f', 's16le', 'pipe:1'];
  const { stdout } = await run('ffmpeg', args, { maxBuffer: 1e8, encoding: 'buffer' });
  return new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
}

/** The presentation time of the first decoded audio sample, seconds: after what the decoder is told to skip. */
export async function firstSoundTime(path: string): Promise<number> {
  const select = ['-v', 'error', '-select_streams', 'a:0', '-read_intervals', '%+#4'];
  const { stdout } = await run('ffprobe', [
    ...select,
    '-show_entries',
    'frame=pts_time',
    '-of',
    'json',
    path,
  ]);
  const first = (JSON.parse(stdout) as { frames: { pts_time: string }[] }).frames[0];
  return Number(first?.pts_time);
}
