import { Hono } from 'hono';
import type { Limits } from '../options.js';
import type { Audience } from '../streams/audience.js';
import type { Refusals } from '../streams/refusals.js';
import type { Stream } from '../streams/stream.js';
import type { Streams } from '../streams/streams.js';
import { findStream } from './playback.js';
import type { PlaybackGate } from './playback-gate.js';
import { DOCUMENT_HEADERS } from './security-headers.js';

export interface StatusServices {
  streams: Streams;
  audience: Audience;
  /** Open WebSockets. */
  connections: { readonly size: number };
  gate: PlaybackGate;
  limits: Limits;
  refusals: Refusals;
  /** What is used of each limit of a number, by its name. */
  used(): ReadonlyMap<keyof Limits, number>;
  isClosing(): boolean;
}

const JSON_HEADERS = {
  'Cache-Control': 'no-store',
  'Access-Control-Allow-Origin': '*',
  ...DOCUMENT_HEADERS,
};

/** What the server and its streams are doing, for programs. */
export function statusRoutes(services: StatusServices): Hono {
  const { streams, audience, gate, isClosing } = services;
  const app = new Hono();

  app.get('/livestream/:streamId', async (c) => {
    const stream = findStream(streams, c.req.param('streamId'));
    if (gate.guards(stream)) await gate.admit(c, stream);
    const { status, startedAt, info, frameFaults, derivedFaults, transcoderFaults } = stream;
    const renditions = stream.playable
      ? stream.renditions.map((rendition) => ({
          name: rendition.name,
          ...rendition.describe(),
        }))
      : [];
    const body = {
      streamId: stream.id,
      title: info.title,
      status,
      viewers: audience.count(stream.id),
      liveViewers: liveViewers(stream),
      startedAt,
      renditions,
      frameFaults: Object.fromEntries(frameFaults),
      derivedFaults: Object.fromEntries(derivedFaults),
      transcoderFaults: Object.fromEntries(transcoderFaults),
    };
    return c.json(body, 200, JSON_HEADERS);
  });

  app.get('/healthz', (c) => c.json({ status: 'ok' }, 200, JSON_HEADERS));
  app.get('/readyz', (c) => {
    const status = isClosing() ? 'closing' : 'ready';
    return c.json({ status }, isClosing() ? 503 : 200, JSON_HEADERS);
  });
  app.get('/metrics', (c) =>
    c.text(metrics(services), 200, { 'Content-Type': 'text/plain; version=0.0.4', ...DOCUMENT_HEADERS }),
  );
  return app;
}

/** Prometheus' text exposition format. */
function metrics({ streams, audience, connections, limits, refusals, used }: StatusServices): string {
  let live = 0;
  for (const stream of streams) live += liveViewers(stream);
  const inUse = used();
  const most = new Map(Array.from(inUse.keys(), (name) => [name, limits[name]]));
  return [
    gauge('livedrop_streams', 'Streams that have not ended.', streams.liveCount),
    gauge('livedrop_viewers', 'Viewers who joined a stream over a WebSocket.', audience.total),
    gauge('livedrop_live_viewers', 'Responses of live.mp4 under way.', live),
    gauge('livedrop_connections', 'Open WebSockets.', connections.size),
    gauge('livedrop_window_bytes', 'Media kept in memory, bytes.', streams.bytes),
    samples('gauge', 'livedrop_limit', 'The most there may be at once.', 'limit', most),
    samples(
      'gauge',
      'livedrop_limit_used',
      'How much there is; of an address or a stream: of the one with most.',
      'limit',
      inUse,
    ),
    samples(
      'counter',
      'livedrop_refused_total',
      'What limits refused, cut or gave up.',
      'limit',
      refusals.counts,
    ),
    samples(
      'counter',
      'livedrop_frame_faults_total',
      'Frames that could not be published as they came.',
      'reason',
      streams.frameFaults,
    ),
    samples(
      'counter',
      'livedrop_derived_frame_faults_total',
      'The same of frames that were made for other renditions than the source.',
      'reason',
      streams.derivedFaults,
    ),
    samples(
      'counter',
      'livedrop_transcoder_faults_total',
      'Transcoders that failed and were started again, or were not.',
      'fault',
      streams.transcoderFaults,
    ),
  ].join('');
}

function liveViewers({ renditions }: Stream): number {
  let count = 0;
  for (const { live } of renditions) count += live.viewerCount;
  return count;
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
}

/** @param values by the label's value, which is one of our own words */
function samples(
  type: 'gauge' | 'counter',
  name: string,
  help: string,
  label: string,
  values: ReadonlyMap<string, number>,
): string {
  const lines = Array.from(values, ([key, value]) => `${name}{${label}="${key}"} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
