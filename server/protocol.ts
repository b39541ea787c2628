/**
 * The messages of the WebSocket at `/livestream/ws`.
 *
 * Text messages are JSON objects with a `type`; binary messages are stream data. This file is the
 * contract's types and constants and imports nothing, so that the widget and other clients can share it.
 */

/** A stream id: 1 to 64 letters, digits, `_` or `-`. */
export const STREAM_ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a value is a stream id that every route and message accepts. */
export function isStreamId(value: unknown): value is string {
  return typeof value === 'string' && STREAM_ID_PATTERN.test(value);
}

/** What a stream is doing, as its viewers are told. */
export type StreamStatus = 'waiting' | 'live' | 'reconnecting' | 'ended';

/** Why a stream is over. */
export type StopReason = 'stopped' | 'replaced' | 'timed-out' | 'failed' | 'shutdown';

/** What was wrong; see {@link ErrorMessage}. */
export type ErrorCode =
  | 'BAD_MESSAGE'
  | 'UNSUPPORTED_FORMAT'
  | 'UNAUTHORIZED'
  | 'STREAM_IN_USE'
  | 'NOT_STREAMING'
  | 'TOO_LARGE'
  | 'RATE_LIMITED'
  | 'SERVER_FULL'
  | 'TRANSCODER_FAILED'
  | 'SHUTTING_DOWN';

/** Bytes of one WebM, Matroska, fragmented MP4 or MPEG-TS file, in order, as MediaRecorder gives them. */
export interface ContainerFormat {
  kind: 'container';
  /** For example `video/webm;codecs=h264,opus`. A hint only: the server looks at the bytes. */
  mimeType?: string;
}

/** A video track of the frames format. */
export interface VideoTrackConfig {
  id: number;
  kind: 'video';
  /** RFC 6381, for example `avc1.42E01F`. */
  codec: string;
  width: number;
  height: number;
  frameRate?: number;
  /** base64 of the codec's configuration record, for H.264 the avcC (ISO/IEC 14496-15 §5.3.3). */
  description?: string;
}

/** An audio track of the frames format. */
export interface AudioTrackConfig {
  id: number;
  kind: 'audio';
  /** `mp4a.40.2` or `opus`. */
  codec: string;
  /** In hertz. */
  sampleRate: number;
  channels: number;
  /** base64 of the codec's configuration, for AAC the AudioSpecificConfig. */
  description?: string;
}

/** A track of the frames format. */
export type TrackConfig = VideoTrackConfig | AudioTrackConfig;

/** One encoded chunk a message, behind a 16-byte header. */
export interface FramesFormat {
  kind: 'frames';
  tracks: TrackConfig[];
}

/** What a publisher's binary messages are. */
export type StreamFormat = ContainerFormat | FramesFormat;

/** Starts a stream, or goes on with one. */
export interface StartStreamMessage {
  type: 'start-stream';
  streamId: string;
  userId?: string;
  token?: string;
  title?: string;
  /** Absent: a container. */
  format?: StreamFormat;
  /** `private`: viewers need a token. Absent: as the server, or the stream key, says. */
  playback?: 'private';
  /** Continue a stream whose connection broke. */
  resume?: ResumeRequest;
}

/** What a publisher has in hand when it comes back. */
export interface ResumeRequest {
  /** Of `stream-started`. */
  token: string;
  /**
   * Frames format: number of the oldest message that is still kept. A server that died and was started again goes on with it,
   * from the next key frame; where it is absent such a server starts afresh.
   */
  from?: number;
  /**
   * Container: number of the oldest message that is still kept, acknowledged or not. A server that died and was started again goes on
   * in the middle of the file, where that needs no older one; where it is absent such a server starts afresh, with another file.
   */
  kept?: number;
}

/** A track's new configuration, valid for the data after it. */
export interface TrackConfigMessage {
  type: 'track-config';
  streamId: string;
  track: TrackConfig;
}

/**
 * Frames format only: when a frame was captured, so that viewers can tell how old a picture is. Programme dates follow
 * it from the next segment on. May be sent at any time, and again when the estimate of the server's clock got better.
 */
export interface CaptureClockMessage {
  type: 'capture-clock';
  streamId: string;
  /** On the timeline of the frames, microseconds. */
  timestamp: number;
  /** When that was captured by the server's clock (see {@link ClockMessage}), milliseconds since the epoch. */
  time: number;
}

/** Asks what the server's clock says: round trip and clock offset, as NTP measures them (RFC 5905 §8). */
export interface ClockMessage {
  type: 'clock';
  /** Of the client's own clock, milliseconds; comes back as it was sent. */
  sent: number;
}

/** Ends the stream when everything received has been published. */
export interface StopStreamMessage {
  type: 'stop-stream';
  streamId: string;
}

/** A viewer joins: it is counted and told what happens to the stream. */
export interface JoinStreamMessage {
  type: 'join-stream';
  streamId: string;
  /** Where the stream is private. Sent again with a newer one before it ends. */
  token?: string;
  /**
   * The token of this viewer in URLs that cannot change any more, which may be over: it is good again for as long as `token`,
   * and so is each that was given since. One that never was is left out.
   */
  renews?: string;
}

/** A viewer leaves. */
export interface LeaveStreamMessage {
  type: 'leave-stream';
  streamId: string;
}

/** A text message from a client. Stream data (`stream-data`) is the binary message. */
export type ClientMessage =
  | StartStreamMessage
  | TrackConfigMessage
  | CaptureClockMessage
  | StopStreamMessage
  | JoinStreamMessage
  | LeaveStreamMessage
  | ClockMessage;

/** The answer to `start-stream`. */
export interface StreamStartedMessage {
  type: 'stream-started';
  streamId: string;
  /** Where the multivariant playlist is. */
  playbackUrl: string;
  /** Presented in `start-stream` to go on after the connection broke. */
  resumeToken: string;
  /** How many binary messages the server holds: the number of the next one to send. */
  received: number;
}

/** How many of the publisher's binary messages the server holds safely. */
export interface AckMessage {
  type: 'ack';
  streamId: string;
  received: number;
}

/** The publisher's stream is over. */
export interface StreamStoppedMessage {
  type: 'stream-stopped';
  streamId: string;
  reason: StopReason;
}

/** The answer to `join-stream`. */
export interface StreamJoinedMessage {
  type: 'stream-joined';
  streamId: string;
  status: StreamStatus;
  viewers: number;
}

/** To those who joined, and to the publisher. */
export interface StreamStatusMessage {
  type: 'stream-status';
  streamId: string;
  status: StreamStatus;
}

/** How many watch, when it changes. To those who joined, and to the publisher. */
export interface ViewerCountMessage {
  type: 'viewer-count';
  streamId: string;
  count: number;
}

/** The answer to `clock`. */
export interface ClockAnswerMessage {
  type: 'clock';
  /** As it was asked. */
  sent: number;
  /** Of the server's clock, milliseconds since the epoch. */
  time: number;
}

/** Something that cannot be served, for a reason its sender can act on. */
export interface ErrorMessage {
  type: 'error';
  code: ErrorCode;
  /** What was wrong with which value and what to do, in words. */
  message: string;
  streamId?: string;
  /** The connection closes next. */
  fatal: boolean;
  /** Seconds until it makes sense to try again; absent: the same will be refused again. */
  retryAfter?: number;
}

/** A message from the server; all are text. */
export type ServerMessage =
  | StreamStartedMessage
  | AckMessage
  | StreamStoppedMessage
  | StreamJoinedMessage
  | StreamStatusMessage
  | ViewerCountMessage
  | ClockAnswerMessage
  | ErrorMessage;

/**
 * WebSocket close codes of this server (RFC 6455 §7.4). Those from 4000 on are private to it; a client
 * that gets one of {@link CloseCode.GOING_AWAY}, {@link CloseCode.SERVICE_RESTART},
 * {@link CloseCode.TRY_AGAIN_LATER} or {@link CloseCode.SILENT} may come back and resume.
 */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  INTERNAL_ERROR: 1011,
  /** The server is started again in a moment, and knows its streams then. */
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
  /** The publisher sent nothing for the silence limit. */
  SILENT: 4408,
  /** Another connection resumed this stream. */
  REPLACED: 4409,
} as const;
