import { assert } from 'chai';
import { Recorder } from '../../../widget/media/recorder.js';
import type { LivedropError } from '../../../widget/errors.js';
import { makeSource } from './pictures.js';

/** EBML header, with which every WebM file begins (RFC 8794 §11.2.1). */
const EBML = [0x1a, 0x45, 0xdf, 0xa3];

describe('Recorder', () => {
  let source: ReturnType<typeof makeSource>;
  let data: ArrayBuffer[];
  let errors: LivedropError[];
  let arrived: EventTarget;

  beforeEach(() => {
    source = makeSource('red', { tone: true });
    data = [];
    errors = [];
    arrived = new EventTarget();
  });

  afterEach(() => source.stop());

  const events = {
    onData: (bytes: ArrayBuffer) => {
      data.push(bytes);
      arrived.dispatchEvent(new Event('data'));
    },
    onError: (error: LivedropError) => {
      errors.push(error);
      arrived.dispatchEvent(new Event('data'));
    },
  };

  async function until(test: () => boolean): Promise<void> {
    while (!test()) await new Promise((resolve) => arrived.addEventListener('data', resolve, { once: true }));
  }

  /** Where files begin in the data so far. A piece may be as short as one byte. */
  async function fileStarts(): Promise<number[]> {
    const bytes = new Uint8Array(await new Blob(data).arrayBuffer());
    const starts: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      if (EBML.every((byte, index) => bytes[at + index] === byte)) starts.push(at);
    }
    return starts;
  }

  it('gives a WebM file in many pieces', async () => {
    const recorder = new Recorder(source.stream, events);
    const format = await recorder.start();
    assert.deepEqual(format, { kind: 'container', mimeType: 'video/webm;codecs=h264,opus' });
    await until(() => data.length >= 10);
    assert.deepEqual(await fileStarts(), [0]);
    await recorder.stop();
    const count = data.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.lengthOf(data, count);
    assert.isEmpty(errors);
  });

  it('begins a new file at a restart', async () => {
    const recorder = new Recorder(source.stream, events);
    await recorder.start();
    await until(() => data.length >= 3);
    data = [];
    recorder.restart();
    await until(() => data.length >= 5);
    assert.deepEqual(await fileStarts(), [0]);
    await recorder.stop();
    assert.isEmpty(errors);
  });

  it('tells when the tracks end', async () => {
    const recorder = new Recorder(source.stream, events);
    await recorder.start();
    await until(() => data.length > 0);
    for (const track of source.stream.getTracks()) track.stop();
    await until(() => errors.length > 0);
    assert.equal(errors[0]!.code, 'NO_MEDIA_STREAM');
    await recorder.stop();
  });

  it('refuses a stream whose tracks have ended', () => {
    for (const track of source.stream.getTracks()) track.stop();
    const recorder = new Recorder(source.stream, events);
    assert.throws(() => recorder.restart(), 'No media stream available');
  });
});
