import { describe, expect, it } from 'vitest';
import { FfmpegLog } from '../../../server/node/ffmpeg-log.js';

function record() {
  const lines: { level: string; fields: object; message: string }[] = [];
  const at = (level: string) => (fields: object, message: string) => lines.push({ level, fields, message });
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('FfmpegLog', () => {
  it('passes on whole lines with their level and the stream they belong to', () => {
    const { lines, logger } = record();
    const log = new FfmpegLog(logger, 'garden');
    log.push(encode('[matroska,webm @ 0x55] [error] EBML header par'));
    log.push(encode('sing failed\n[warning] strange\nplain\n'));
    expect(lines).toEqual([
      {
        level: 'info',
        fields: { streamId: 'garden', ffmpegLevel: 'error' },
        message: 'EBML header parsing failed',
      },
      { level: 'debug', fields: { streamId: 'garden', ffmpegLevel: 'warning' }, message: 'strange' },
      { level: 'debug', fields: { streamId: 'garden', ffmpegLevel: 'info' }, message: 'plain' },
    ]);
    expect(log.lastError).toBe('EBML header parsing failed');
  });

  it('passes on what has no line end when it is over', () => {
    const { lines, logger } = record();
    const log = new FfmpegLog(logger, 'garden');
    log.push(encode('[fatal] last words'));
    expect(lines).toEqual([]);
    log.end();
    expect(lines.map((line) => line.message)).toEqual(['last words']);
  });

  it('cuts long lines and keeps no endless one', () => {
    const { lines, logger } = record();
    const log = new FfmpegLog(logger, 'garden');
    for (let index = 0; index < 100; index++) log.push(encode('x'.repeat(1000)));
    log.push(encode('\n'));
    expect(lines.map((line) => line.message.length)).toEqual([500]);
  });

  it('drops lines beyond 20 in 10 s and says how many', () => {
    const { lines, logger } = record();
    let now = 100_000;
    const log = new FfmpegLog(logger, 'garden', () => now);
    log.push(encode('[error] again\n'.repeat(1000)));
    expect(lines).toHaveLength(20);
    now += 10_000;
    log.push(encode('[error] later\n'));
    expect(lines.slice(20)).toEqual([
      {
        level: 'info',
        fields: { streamId: 'garden', dropped: 980 },
        message: 'more lines of ffmpeg were dropped',
      },
      { level: 'info', fields: { streamId: 'garden', ffmpegLevel: 'error' }, message: 'later' },
    ]);
  });
});
