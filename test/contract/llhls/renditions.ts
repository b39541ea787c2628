import {
  generateFrames,
  moveFrame,
  repeatFrames,
  sendFramesInRealTime,
  type Frame,
} from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { newStreamId, type Server } from '../server.js';
import { StreamRecorder } from './stream-recorder.js';

/** Both renditions of a stream with Opus: as it came, and with AAC. */
export interface FollowedRenditions {
  source: StreamRecorder;
  twin: StreamRecorder;
}

/** When the source's clock goes ahead, which viewers see as a discontinuity, seconds. */
const JUMP = 3;

/** An hour ahead, while the frames come at their pace. */
function* withJump(frames: Iterable<Frame>): Generator<Frame> {
  for (const frame of frames) {
    yield frame.timestamp < JUMP * 1e6 ? frame : { ...frame, message: moveFrame(frame, 3600e6).message };
  }
}

/** Publishes in real time, and follows both renditions over a discontinuity. */
export async function followRenditions(server: Server): Promise<FollowedRenditions> {
  const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 2, earlyKeyFrame: 0.2 });
  const publisher = await server.publish(newStreamId('llhls'), { format: media.format });
  const sending = new AbortController();
  const sent = sendFramesInRealTime(publisher, withJump(repeatFrames(media)), sending.signal);
  const hls = server.hls(publisher.streamId);
  const source = new StreamRecorder(hls);
  await hls.mediaUrl();
  const multivariant = await (await fetch(`${hls.url}?audio=aac`)).text();
  const twin = new StreamRecorder(
    HlsClient.ofMedia(new URL(/^aac\/.+$/m.exec(multivariant)![0], hls.url).href),
  );
  await twin.reaches(JUMP + 1);
  sending.abort();
  await sent;
  await publisher.stop();
  await Promise.all([source.ended, twin.ended]);
  return { source, twin };
}

/**
 * How far what is reported of a rendition is behind the playlist that reports it, for each version that does, seconds.
 * @param from versions of this playlist
 * @param about the rendition that they report
 */
export function lagOf(from: StreamRecorder, about: StreamRecorder): number[] {
  return from.playlists.flatMap((playlist) => {
    const [report] = playlist.reports;
    const last = playlist.segments.at(-1)!;
    const reported = report && about.endOf(report.lastMsn, report.lastPart);
    const own = from.endOf(last.msn, last.parts.length - 1);
    return reported === undefined || own === undefined ? [] : [(own - reported) / 1000];
  });
}
