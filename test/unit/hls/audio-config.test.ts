import { describe, expect, it } from 'vitest';
import {
  readAudioSpecificConfig,
  readOpusHead,
  stripAdts,
  writeAudioSpecificConfig,
  writeOpusConfig,
} from '../../../server/hls/audio-config.js';
import { describeSampleEntry } from '../../../server/hls/sample-entry.js';
import { mp4aEntry, opusEntry } from '../../../server/hls/sample-entry-writer.js';

describe('AudioSpecificConfig', () => {
  it.each([
    [48_000, 2, [0x11, 0x90]],
    [44_100, 1, [0x12, 0x08]],
    [8000, 8, [0x15, 0xb8]],
  ])('is written for %i Hz and %i channels as encoders do', (rate, channels, bytes) => {
    expect([...writeAudioSpecificConfig(rate, channels)]).toEqual(bytes);
  });

  it.each([
    [48_000, 2],
    [7350, 1],
    [50_001, 2],
    [96_000, 6],
  ])('is read as it was written: %i Hz, %i channels', (sampleRate, channels) => {
    const config = writeAudioSpecificConfig(sampleRate, channels);
    expect(readAudioSpecificConfig(config)).toEqual({
      objectType: 2,
      sampleRate,
      channelConfiguration: channels,
    });
    expect(describeSampleEntry(mp4aEntry(config, sampleRate, channels))).toMatchObject({
      codec: 'mp4a.40.2',
      sampleRate: sampleRate > 65_535 ? 0 : sampleRate,
      channels,
    });
  });

  it('is none when it is cut off or has a rate that there is not', () => {
    expect(() => readAudioSpecificConfig(Uint8Array.of(0x11))).toThrow(RangeError);
    expect(() => readAudioSpecificConfig(Uint8Array.of(0x16, 0xf0))).toThrow('index 13');
    expect(() => writeAudioSpecificConfig(48_000, 9)).toThrow('9 channels');
  });
});

describe('ADTS', () => {
  it('is taken off, with and without a checksum', () => {
    const header = [0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc];
    expect([...stripAdts(Uint8Array.of(...header, 0x21, 1))]).toEqual([0x21, 1]);
    expect([...stripAdts(Uint8Array.of(0xff, 0xf0, ...header.slice(2), 9, 9, 0x21, 1))]).toEqual([0x21, 1]);
    expect([...stripAdts(Uint8Array.of(0x21, 0xf1))]).toEqual([0x21, 0xf1]);
  });
});

describe('Opus', () => {
  const head = [...Buffer.from('OpusHead'), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0];

  it('has the same configuration from its header and from its track', () => {
    expect(readOpusHead(Uint8Array.from(head))).toEqual(writeOpusConfig(2));
    const { dOps, channels } = writeOpusConfig(2);
    expect(describeSampleEntry(opusEntry(dOps, channels))).toEqual({
      kind: 'audio',
      codec: 'opus',
      sampleRate: 48_000,
      channels: 2,
    });
  });

  it('is of 48 kHz whatever went into the encoder', () => {
    const head44 = [...head.slice(0, 12), 0x44, 0xac, ...head.slice(14)];
    expect(readOpusHead(Uint8Array.from(head44))).toEqual(writeOpusConfig(2));
  });

  it('keeps the mapping of more channels', () => {
    const surround = [...head.slice(0, 9), 6, ...head.slice(10, 18), 1, 4, 2, 0, 4, 1, 2, 3, 5];
    const { dOps, channels } = readOpusHead(Uint8Array.from(surround));
    expect(channels).toBe(6);
    expect([...dOps.slice(10)]).toEqual([1, 4, 2, 0, 4, 1, 2, 3, 5]);
    expect(() => readOpusHead(Uint8Array.from(surround.slice(0, -1)))).toThrow('cut off');
    expect(() => writeOpusConfig(6)).toThrow('6 channels');
  });

  it.each([
    ['text', [...Buffer.from('not an OpusHead at all')], 'OpusHead'],
    ['a header that is cut off', head.slice(0, 18), 'OpusHead'],
    ['no channels', [...head.slice(0, 9), 0, ...head.slice(10)], '0 channels'],
    ['three channels without a mapping', [...head.slice(0, 9), 3, ...head.slice(10)], '3 channels'],
  ])('has no header of %s', (_, bytes, message) => {
    expect(() => readOpusHead(Uint8Array.from(bytes))).toThrow(message);
  });
});
