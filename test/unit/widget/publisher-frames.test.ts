import { beforeEach, describe, expect, it } from 'vitest';
import type { ClientMessage, FramesFormat, TrackConfig } from '../../../server/protocol.js';
import {
  AUDIO_TRACK,
  frameMessage,
  isVideoKeyFrame,
  VIDEO_TRACK,
} from '../../../widget/media/frame-message.js';
import { Publisher, type PublisherOptions } from '../../../widget/media/publisher.js';

const track: TrackConfig = { id: 0, kind: 'video', codec: 'avc1.42E01F', width: 640, height: 360 };
let format: FramesFormat;

/** A message of a track, known by its timestamp. */
function frame(timestamp: number, isKey = false, trackId = VIDEO_TRACK): ArrayBuffer {
  const chunk = { byteLength: 84, copyTo: () => {} };
  return frameMessage({ trackId, isKey, timestamp, duration: 0 }, chunk);
}

const timestampOf = (bytes: ArrayBuffer): number => Number(new DataView(bytes).getBigInt64(4));

it('knows key frames of video from all other messages', () => {
  expect(isVideoKeyFrame(frame(0, true))).toBe(true);
  expect(isVideoKeyFrame(frame(0, false))).toBe(false);
  expect(isVideoKeyFrame(frame(0, true, AUDIO_TRACK))).toBe(false);
  expect(isVideoKeyFrame(new ArrayBuffer(3))).toBe(false);
});

describe('Publisher, of frames', () => {
  let sent: (ClientMessage | number)[];
  let unsent: number;
  let now: number;
  let keyFramesAsked: number;
  let dropped: number[];
  let restarts: number;
  let publisher: Publisher;

  beforeEach(() => {
    format = { kind: 'frames', tracks: [track] };
    make();
  });

  function make(options: Partial<PublisherOptions> = {}): void {
    sent = [];
    unsent = 0;
    now = 100;
    keyFramesAsked = 0;
    dropped = [];
    restarts = 0;
    publisher = new Publisher(
      () => ({ streamId: 'a', format }),
      {
        send: (message) => void sent.push(message),
        sendData: (bytes) => void sent.push(timestampOf(bytes)),
        restart: () => restarts++,
        bufferedAmount: () => unsent,
        tick: () => {},
      },
      {
        onStarted: () => {},
        onRestartEncoder: () => keyFramesAsked++,
        onDropped: ({ bytes }) => dropped.push(bytes),
      },
      options,
      () => now,
    );
    publisher.connectionOpened();
    started(0);
    sent = [];
  }

  function started(received: number): void {
    publisher.handle({ type: 'stream-started', streamId: 'a', playbackUrl: '', resumeToken: 'r', received });
  }

  /** A group of four frames, a quarter of a second each, from a number on. */
  function pushGroup(from: number): void {
    for (let at = from; at < from + 4; at++) {
      publisher.push(frame(at, at === from));
      now += 0.25;
    }
  }

  it('leaves little to the socket', () => {
    unsent = 128 * 1024;
    publisher.push(frame(0, true));
    expect(sent).toEqual([]);
    unsent -= 1;
    publisher.push(frame(1));
    expect(sent).toEqual([0, 1]);
  });

  it('drops what was never sent up to the newest key frame', () => {
    pushGroup(0);
    unsent = Infinity;
    for (const from of [4, 8, 12]) pushGroup(from);
    publisher.dropUnsent();
    unsent = 0;
    publisher.push(frame(16, true));
    expect(sent).toEqual([0, 1, 2, 3, 12, 13, 14, 15, 16]);
    expect(dropped).toEqual([800]);
    expect(publisher.droppedSeconds).toBe(1.5);
    expect(publisher.droppedMessages).toBe(8);
    expect(keyFramesAsked).toBe(0);
  });

  it('asks for a key frame where it had to drop all', () => {
    publisher.push(frame(0, true));
    unsent = Infinity;
    for (let at = 1; at < 10; at++) {
      publisher.push(frame(at));
      now += 0.25;
    }
    publisher.dropUnsent();
    expect(keyFramesAsked).toBe(1);
    unsent = 0;
    publisher.push(frame(10, true));
    expect(sent).toEqual([0, 10]);
  });

  it('keeps the numbers right: the server counts what it was sent', () => {
    pushGroup(0);
    unsent = Infinity;
    for (const from of [4, 8]) pushGroup(from);
    publisher.dropUnsent();
    unsent = 0;
    publisher.push(frame(12, true));
    publisher.connectionLost();
    sent = [];
    publisher.connectionOpened();
    // It has 0, 1, 2, 3 and 8: five messages.
    started(5);
    expect(sent.slice(1)).toEqual([9, 10, 11, 12]);
    publisher.handle({ type: 'ack', streamId: 'a', received: 9 });
    expect(publisher.bufferedBytes).toBe(0);
  });

  it('says what it still keeps, with which a server goes on that has lost all it had', () => {
    for (let from = 0; from < 40; from += 4) {
      pushGroup(from);
      publisher.handle({ type: 'ack', streamId: 'a', received: from + 3 });
    }
    publisher.connectionLost();
    pushGroup(40);
    sent = [];
    publisher.connectionOpened();
    // All that was acknowledged in the last 1.5 s, from a key frame on.
    expect(sent).toEqual([{ type: 'start-stream', streamId: 'a', format, resume: { token: 'r', from: 28 } }]);
    started(28);
    expect(sent.slice(1)).toEqual(Array.from({ length: 16 }, (_, at) => 28 + at));
    expect(dropped).toEqual([]);
    // They count as not acknowledged again.
    expect(publisher.bufferedBytes).toBe(1600);
    publisher.handle({ type: 'ack', streamId: 'a', received: 44 });
    expect(publisher.bufferedBytes).toBe(0);
  });

  it('sends nothing twice to a server that has what it acknowledged', () => {
    for (const from of [0, 4]) pushGroup(from);
    publisher.handle({ type: 'ack', streamId: 'a', received: 7 });
    publisher.connectionLost();
    sent = [];
    publisher.connectionOpened();
    started(7);
    expect(sent.slice(1)).toEqual([7]);
  });

  it.each([
    ['seconds', { maxBufferedSeconds: 2.5 }],
    ['bytes', { maxBufferedBytes: 1000 }],
  ] as const)('gives up the oldest groups beyond the limit in %s, not all', (_name, options) => {
    make(options);
    publisher.connectionLost();
    for (const from of [0, 4, 8, 12]) pushGroup(from);
    expect(dropped.length).toBeGreaterThan(0);
    expect(keyFramesAsked).toBe(0);
    publisher.connectionOpened();
    started(0);
    const data = sent.filter((one) => typeof one === 'number');
    expect(data[0]! % 4).toBe(0);
    expect(data.at(-1)).toBe(15);
    expect(data.length).toBeGreaterThanOrEqual(6);
    expect(restarts).toBe(0);
  });

  it('keeps to its limit on a connection that is there and silent, too', () => {
    make({ maxBufferedSeconds: 2.5, ackTimeout: 60 });
    unsent = Infinity;
    for (const from of [0, 4, 8, 12]) pushGroup(from);
    expect(dropped).toEqual([400, 400]);
    unsent = 0;
    publisher.push(frame(16, true));
    expect(sent.slice(0, 1)).toEqual([8]);
    expect(sent.at(-1)).toBe(16);
  });

  describe('with a server that has forgotten the stream', () => {
    /** All messages up to a number are acknowledged, and the connection broke. */
    function loseAfter(received: number): void {
      publisher.handle({ type: 'ack', streamId: 'a', received });
      publisher.connectionLost();
    }

    function startAfresh(): (ClientMessage | number)[] {
      sent = [];
      publisher.connectionOpened();
      started(0);
      return sent.slice(1);
    }

    it('begins anew with the oldest key frame that is kept', () => {
      make({ acknowledgedSeconds: 0 });
      for (const from of [0, 4, 8]) pushGroup(from);
      loseAfter(6);
      expect(startAfresh()).toEqual([8, 9, 10, 11]);
      expect(dropped).toEqual([200]);
      expect(keyFramesAsked).toBe(0);
      // Numbered from 0 again.
      publisher.handle({ type: 'ack', streamId: 'a', received: 3 });
      expect(publisher.bufferedBytes).toBe(100);
    });

    it('sends again what was acknowledged of late, and viewers may not have seen, from a key frame on', () => {
      for (let from = 0; from < 40; from += 4) {
        pushGroup(from);
        publisher.handle({ type: 'ack', streamId: 'a', received: from + 3 });
      }
      publisher.connectionLost();
      pushGroup(40);
      expect(startAfresh()).toEqual(Array.from({ length: 16 }, (_, at) => 28 + at));
      expect(dropped).toEqual([]);
      expect(keyFramesAsked).toBe(0);
      publisher.handle({ type: 'ack', streamId: 'a', received: 15 });
      expect(publisher.bufferedBytes).toBe(100);
      expect(publisher.bufferedSeconds).toBe(0.25);
    });

    it('keeps what was acknowledged for no longer than it may', () => {
      make({ acknowledgedSeconds: 2.5 });
      for (const from of [0, 4, 8, 12]) {
        pushGroup(from);
        publisher.handle({ type: 'ack', streamId: 'a', received: from + 4 });
      }
      publisher.connectionLost();
      // Of a long break it is not the acknowledged media that gets too old.
      now += 20;
      expect(startAfresh()).toEqual(Array.from({ length: 12 }, (_, at) => 4 + at));
    });

    it('gives it up first, without a word, where there is no room', () => {
      make({ maxBufferedBytes: 1000 });
      for (const from of [0, 4]) pushGroup(from);
      loseAfter(6);
      for (const from of [8, 12]) pushGroup(from);
      expect(publisher.bufferedBytes).toBe(1000);
      expect(startAfresh()).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
      // The rest of a group whose key frame was given up.
      expect(dropped).toEqual([200]);
    });

    it('asks for a key frame where none is kept', () => {
      make({ acknowledgedSeconds: 0 });
      pushGroup(0);
      loseAfter(2);
      expect(startAfresh()).toEqual([]);
      expect(keyFramesAsked).toBe(1);
      publisher.push(frame(4, true));
      expect(sent.at(-1)).toBe(4);
    });

    it('begins after the last change of a configuration: the server is told the newest alone', () => {
      make({ acknowledgedSeconds: 0 });
      pushGroup(0);
      loseAfter(1);
      pushGroup(4);
      publisher.pushConfig(track);
      pushGroup(8);
      expect(startAfresh()).toEqual([8, 9, 10, 11]);
    });
  });

  it('gives up sound without a picture message by message', () => {
    const sound: TrackConfig = { id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 };
    format = { kind: 'frames', tracks: [sound] };
    make({ maxBufferedSeconds: 1 });
    publisher.connectionLost();
    for (let at = 0; at < 8; at++) {
      publisher.push(frame(at, true, AUDIO_TRACK));
      now += 0.25;
    }
    expect(keyFramesAsked).toBe(0);
    publisher.connectionOpened();
    started(0);
    expect(sent.slice(1)).toEqual([3, 4, 5, 6, 7]);
  });

  it('tells a track’s new configuration before the data after it, and again where that is sent again', () => {
    publisher.push(frame(0, true));
    publisher.pushConfig(track);
    publisher.push(frame(1, true));
    const config = { type: 'track-config', streamId: 'a', track };
    expect(sent).toEqual([0, config, 1]);
    publisher.connectionLost();
    sent = [];
    publisher.connectionOpened();
    started(1);
    expect(sent.slice(1)).toEqual([config, 1]);
  });

  it('tells it too where the data after it was dropped', () => {
    publisher.push(frame(0, true));
    unsent = Infinity;
    publisher.pushConfig(track);
    publisher.push(frame(1, true));
    now += 2;
    publisher.dropUnsent();
    unsent = 0;
    publisher.push(frame(2, true));
    expect(sent).toEqual([0, { type: 'track-config', streamId: 'a', track }, 2]);
  });

  it('begins with number 0 and another format after a refusal', () => {
    pushGroup(0);
    publisher.reset();
    expect(publisher.bufferedBytes).toBe(0);
    publisher.push(frame(50, true));
    sent = [];
    publisher.connectionOpened();
    started(0);
    expect(sent.slice(1)).toEqual([50]);
  });
});
