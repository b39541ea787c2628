import type { LivestreamError } from '../../../server/errors.js';
import { ContainerIngest, type ContainerIngestOptions } from '../../../server/ingest/container-ingest.js';
import type { TranscoderFactory } from '../../../server/ingest/transcoder.js';
import {
  defaultLimits,
  defaultPackaging,
  silentLogger,
  type Limits,
  type PackagingOptions,
} from '../../../server/options.js';
import type { StreamStatus } from '../../../server/protocol.js';
import { Stream } from '../../../server/streams/stream.js';
import { FakeTranscoder } from './fake-transcoder.js';

/** A stream with an ingest of containers in front. @param transcoders default: {@link FakeTranscoder}s */
export function setUp(
  limits: Partial<Limits> = {},
  transcoders?: TranscoderFactory,
  packaging: Partial<PackagingOptions> = {},
) {
  const started: FakeTranscoder[] = [];
  const failures: LivestreamError[] = [];
  const notices: LivestreamError[] = [];
  const statuses: StreamStatus[] = [];
  const stream = new Stream('test', { ...defaultPackaging, ...packaging }, (status) => statuses.push(status));
  const fakes: TranscoderFactory = {
    start: (input, events) => {
      const transcoder = new FakeTranscoder(input, events);
      started.push(transcoder);
      return transcoder;
    },
  };
  const ingestFrom = (from?: ContainerIngestOptions['from']): ContainerIngest =>
    new ContainerIngest(
      {
        stream,
        transcoders: transcoders ?? fakes,
        limits: { ...defaultLimits, ...limits },
        keyFrameInterval: 1,
        logger: silentLogger,
        from,
      },
      { onFailure: (error) => failures.push(error), onNotice: (error) => notices.push(error) },
    );
  return { ingest: ingestFrom(), ingestFrom, stream, started, failures, notices, statuses };
}
