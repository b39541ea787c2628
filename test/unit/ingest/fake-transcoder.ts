import { concat } from '../../../server/hls/boxes.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import type { Transcoder, TranscoderEvents, TranscoderInput } from '../../../server/ingest/transcoder.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';

/** Stands in for ffmpeg, so that its faults come when a test wants them; the real one is tested in unit/node and e2e. */
export class FakeTranscoder implements Transcoder {
  written: Uint8Array[] = [];
  room = true;
  killed = false;

  constructor(
    readonly input: TranscoderInput,
    readonly events: TranscoderEvents,
  ) {}

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return this.room;
  }

  drained = () => Promise.resolve();
  end = () => this.events.onExit();

  kill(): void {
    if (this.killed) return;
    this.killed = true;
    queueMicrotask(() => this.events.onExit(new Error('killed')));
  }

  /** One second of video. */
  produce(): void {
    const samples = makeSamples({ length: 1, audio: false });
    this.events.onOutput(concat([writeInitSegment([videoTrack]), writeFragment(1, [{ track: 1, samples }])]));
  }
}
