import { describe, expect, it } from 'vitest';
import { concat } from '../../../server/hls/boxes.js';
import { opusSamples } from '../../../server/hls/opus-packet.js';
import { generateFrames } from '../../helpers/frames.js';

/** A packet, the rest of its bytes zeros. */
const packet = (length: number, ...bytes: number[]): Uint8Array => {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
};

/** CELT of 20 ms, mono, with a code. */
const celt = (code: number): number => (31 << 3) | code;

describe('opusSamples', () => {
  // RFC 6716 §3.1: SILK of 20 ms, hybrid of 10 ms, CELT of 2.5 and of 20 ms; one, two and many frames.
  it.each([
    [[1 << 3], 960],
    [[12 << 3], 480],
    [[16 << 3], 120],
    [[celt(0)], 960],
    [[celt(1), 0, 0], 1920],
    [[celt(2), 0], 1920],
    [[celt(3), 3], 2880],
    [[celt(3), 0x80 | 3, 1, 0, 9], 2880],
    [[celt(3), 0x40 | 2, 1, 8, 9, 0], 1920],
  ])('of packet %j are %i', (bytes, samples) => {
    expect(opusSamples(Uint8Array.from(bytes))).toBe(samples);
  });

  it.each([
    ['a frame of 1275 bytes', packet(1276, celt(0)), 960],
    ['two of 1275 bytes', packet(2551, celt(1)), 1920],
    ['a first length of two bytes', packet(3 + 256, celt(2), 252, 1), 1920],
    ['padding of more than 254 bytes', packet(4 + 254 + 10, celt(3), 0x41, 255, 10), 960],
    ['120 ms', packet(2, celt(3), 6), 5760],
    ['SILK at its highest rate', packet(1 + 100, 0), 480],
  ])('are told of %s', (_, bytes, samples) => {
    expect(opusSamples(bytes)).toBe(samples);
  });

  // R1 to R7 of RFC 6716 §3.4.
  it.each([
    ['R1: nothing', packet(0), /cut off after 0 bytes/],
    ['R2: a frame of 1276 bytes', packet(1277, celt(0)), /frame of 1276 bytes/],
    ['R2: two of 1276 bytes', packet(2553, celt(1)), /frame of 1276 bytes/],
    ['R2: a second one of 1276 bytes', packet(1278, celt(2)), /frame of 1276 bytes/],
    ['R3: an odd number of bytes for two frames', packet(4, celt(1)), /3 bytes for 2 frames/],
    ['R4: no first length', packet(1, celt(2)), /cut off/],
    ['R4: half a first length', packet(2, celt(2), 252), /cut off/],
    ['R4: a first length past the end', packet(5, celt(2), 4), /4 bytes .* 3 are left/],
    ['R5: no count', packet(1, celt(3)), /cut off/],
    ['R5: no frames', packet(2, celt(3)), / 0 samples/],
    ['R5: more than 120 ms', packet(2, celt(3), 7), / 6720 samples/],
    ['R6: bytes that are no multiple', packet(2 + 7, celt(3), 3), /7 bytes for 3 frames/],
    ['R6: padding past the end', packet(5, celt(3), 0x41, 3), /3 bytes .* 2 are left/],
    ['R6: padding without an end', packet(3, celt(3), 0x41, 255), /cut off/],
    ['R7: lengths past the end', packet(6, celt(3), 0x83, 2, 1), /3 bytes .* 2 are left/],
    ['R7: lengths that are cut off', packet(3, celt(3), 0x83, 2), /cut off/],
    ['SILK of more than its encoder gives', packet(1 + 151, 0), /151 bytes/],
  ])('are not told of %s', (_, bytes, message) => {
    expect(() => opusSamples(bytes)).toThrow(RangeError);
    expect(() => opusSamples(bytes)).toThrow(message);
  });

  it('are told of several streams, of which all but the last have their lengths', () => {
    const streams = [
      Uint8Array.of(celt(0), 2, 8, 8),
      Uint8Array.of(celt(1), 1, 8, 8),
      Uint8Array.of(celt(2), 1, 2, 8, 8, 8),
      Uint8Array.of(celt(3), 2, 1, 8, 8),
      Uint8Array.of(celt(3), 0xc2, 1, 1, 2, 8, 8, 8, 0),
    ];
    const last = Uint8Array.of(celt(3), 0x80 | 2, 1, 8, 8, 8);
    expect(opusSamples(concat([...streams, last]), 6)).toBe(1920);
    expect(() => opusSamples(concat(streams), 6)).toThrow('cut off');
    expect(() => opusSamples(Uint8Array.of(celt(0), 9, 8), 2)).toThrow('9 bytes');
  });

  it('are told of all packets of an encoder', async () => {
    const { frames } = await generateFrames({ audio: 'opus' });
    expect(new Set(frames.map(({ chunk }) => opusSamples(chunk)))).toEqual(new Set([960]));
  });
});
