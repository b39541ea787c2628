import { Hono } from 'hono';
import { PlaybackError } from '../errors.js';
import type { Flush } from '../hls/live-mp4.js';
import { LiveViewer, type LiveSink, type LiveViewerLimits } from '../hls/live-mp4-viewer.js';
import type { Refusals } from '../streams/refusals.js';
import type { Streams } from '../streams/streams.js';
import { findStream, interrupted } from './playback.js';
import type { PlaybackGate } from './playback-gate.js';
import { checkUrl, whileWaiting, type RequestServices } from './requests.js';
import { RESOURCE_HEADERS } from './security-headers.js';

/** So many bytes of the response are there already; what follows comes as it is made. */
const BACKLOG_HEADER = 'Livedrop-Backlog';

export interface LiveMp4Services extends RequestServices {
  streams: Streams;
  refusals: Refusals;
  gate: PlaybackGate;
}

/** `GET /:streamId/live.mp4`: the stream as one endless fragmented MP4, `?flush=frame` for every frame at once. */
export function liveMp4Routes(services: LiveMp4Services): Hono {
  const { streams, limits, refusals, liveViewers, clientAddress, gate } = services;
  const app = new Hono();

  app.get('/:streamId/live.mp4', async (c) => {
    checkUrl(c, limits);
    const stream = findStream(streams, c.req.param('streamId'));
    const flush = readFlush(c.req.query('flush'));
    const admission = gate.guards(stream) ? await gate.admit(c, stream) : undefined;
    const { live } = stream.source;
    const ready = (): Promise<boolean> => live.ready(flush, limits.liveWaitTime, c.req.raw.signal);
    if (!(await (live.isSettled(flush) ? ready() : whileWaiting(c, stream.id, services, ready)))) {
      if (stream.isInterrupted) throw interrupted(stream.id);
      const message = `stream '${stream.id}' has nothing to play; try again when it is live`;
      throw new PlaybackError(404, message, 1, 'liveWaitTime');
    }
    const headers: Record<string, string> = {
      'Content-Type': `video/mp4; codecs="${live.codecs.join(',')}"`,
      'Cache-Control': 'no-store',
      'Access-Control-Allow-Origin': '*',
      ...RESOURCE_HEADERS,
    };
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    const leave = liveViewers.take({ address: clientAddress(c) });
    const onEnd = (limit?: keyof LiveViewerLimits): void => {
      leave();
      refusals.count(limit);
    };
    const onSkip = (): void => refusals.count('maxLiveBacklogBytes');
    let backlog = 0;
    const body = liveBody(limits.maxLiveBacklogBytes, { onEnd, onSkip }, (sink) => {
      const viewer = new LiveViewer(sink, limits);
      live.join(viewer, flush);
      backlog = sink.queued;
      // It would go on for ever, whatever becomes of the right to watch.
      const forget =
        admission &&
        gate.whenOver(
          admission,
          () => gate.admit(c, stream),
          () => {
            live.leave(viewer);
            viewer.end();
          },
        );
      return () => {
        forget?.();
        live.leave(viewer);
      };
    });
    // Its body has been opened by now.
    return c.body(body, 200, {
      ...headers,
      [BACKLOG_HEADER]: String(backlog),
      'Access-Control-Expose-Headers': BACKLOG_HEADER,
    });
  });

  return app;
}

function readFlush(value: string | undefined): Flush {
  if (value === undefined || value === 'part') return 'part';
  if (value === 'frame') return value;
  throw new PlaybackError(400, `flush=${value.slice(0, 40)} is not known; give part or frame`);
}

/**
 * A body that is written to as media comes. Its queue holds what its client has not taken, as references to bytes
 * that all viewers share.
 * @param highWaterMark bytes
 * @param on `onEnd`: it is over; of a client that could not keep up, by which limit. `onSkip`: it is behind, and some is left out
 * @param open told where to write; returns what is to be done when the client has left or has everything
 */
function liveBody(
  highWaterMark: number,
  on: { onEnd(limit?: keyof LiveViewerLimits): void; onSkip(): void },
  open: (sink: LiveSink) => () => void,
): ReadableStream<Uint8Array> {
  let onOver: (() => void) | undefined;
  let isOver = false;
  const finish = (close: () => void, limit?: keyof LiveViewerLimits): void => {
    if (isOver) return;
    isOver = true;
    close();
    onOver?.();
    on.onEnd(limit);
  };
  return new ReadableStream<Uint8Array>(
    {
      // Called before the constructor returns.
      start(controller) {
        onOver = open({
          get queued() {
            return highWaterMark - (controller.desiredSize ?? highWaterMark);
          },
          write: (bytes) => controller.enqueue(bytes),
          end: () => finish(() => controller.close()),
          abort: (reason, limit) => finish(() => controller.error(reason), limit),
          skipped: on.onSkip,
        });
        // While it was opened.
        if (isOver) onOver();
      },
      cancel: () => finish(() => {}),
    },
    { highWaterMark, size: ({ byteLength }) => byteLength },
  );
}
