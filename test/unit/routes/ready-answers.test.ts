import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { defaultLimits, defaultPackaging } from '../../../server/options.js';
import { PlaybackGate } from '../../../server/routes/playback-gate.js';
import { playbackRoutes } from '../../../server/routes/playback.js';
import { readyAnswers } from '../../../server/routes/ready-answers.js';
import { Audience } from '../../../server/streams/audience.js';
import { Quota } from '../../../server/streams/quota.js';
import { Streams } from '../../../server/streams/streams.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';
import { accessOf } from '../access/access-of.js';

const limits = { ...defaultLimits, maxUrlLength: 200 };

/** A live stream of some seconds, the app that plays it, and what is ready of that. */
function setUp(isPrivate = false) {
  const streams = new Streams(defaultPackaging, limits, new Audience());
  const stream = streams.create('one');
  if (isPrivate) stream.isPrivate = true;
  stream.start([videoTrack]);
  for (const sample of makeSamples({ length: 4, frameRate: 10, audio: false })) stream.push(sample);
  const gate = new PlaybackGate(accessOf());
  const quota = (what: string): Quota =>
    new Quota(what, { all: 'maxViewers', perAddress: 'maxViewersPerAddress' }, limits, 1);
  const services = {
    ...{ limits, waiting: quota('waiting'), liveViewers: quota('viewers') },
    clientAddress: () => undefined,
  };
  const app = new Hono().route('/livestream', playbackRoutes(streams, gate, services));
  const { epoch, names, window } = stream.source;
  const at = (file: string): string => `/livestream/one/source/${file}`;
  // The last one is not whole yet.
  const { msn = 0 } = window.listed.at(-2) ?? {};
  return {
    ...{ app, stream, msn },
    ready: readyAnswers(streams, gate, limits),
    playlist: at(`${epoch}.m3u8`),
    media: [names.init(0), names.segment(msn), names.part(3)].map(at),
  };
}

describe('what is ready', () => {
  it.each([undefined, 'gzip, br', 'gzip;q=0'])(
    'is what the app answers, to Accept-Encoding: %s',
    async (accept) => {
      const { app, ready, playlist, media, msn } = setUp();
      const headers: Record<string, string> = accept === undefined ? {} : { 'Accept-Encoding': accept };
      const playlists = [
        '',
        `?_HLS_msn=${msn}`,
        `?_HLS_msn=${msn}&_HLS_part=0&_HLS_skip=YES`,
        '?_HLS_skip=v2',
      ];
      for (const target of [...media, ...playlists.map((query) => playlist + query)]) {
        const response = await app.request(target, { headers });
        const answer = ready(target, accept);
        expect(response.status).toBe(200);
        expect(Object.fromEntries(new Headers(answer?.headers))).toEqual(
          Object.fromEntries(response.headers),
        );
        expect(answer?.body).toEqual(new Uint8Array(await response.arrayBuffer()));
      }
    },
  );

  it('is no compression that nobody has asked for yet: making it takes a while', () => {
    const { ready, playlist } = setUp();
    expect(ready(playlist, 'gzip')).toBeUndefined();
    expect(ready(playlist, undefined)).toBeDefined();
  });

  it.each([
    ['of another stream', (path: string) => path.replace('one', 'two')],
    ['of another rendition', (path: string) => path.replace('source', 'aac')],
    ['of another run', (path: string) => path.replace(/source\/\w/, 'source/0')],
    ['behind an escaped slash', (path: string) => path.replace('/source/', '%2fsource%2f')],
    ['with a path that leads upwards', (path: string) => path.replace('/source/', '/../one/source/')],
    ['with a NUL', (path: string) => `${path}%00`],
    ['mounted elsewhere', (path: string) => `/live${path}`],
    ['with an address that is too long', (path: string) => path + '?' + '&'.repeat(200)],
  ])('is nothing %s', (_name, change) => {
    const { ready, playlist, media } = setUp();
    for (const path of [playlist, ...media]) expect(ready(change(path), undefined)).toBeUndefined();
  });

  it.each([
    ['that does not exist yet', (msn: number) => `?_HLS_msn=${msn + 3}`],
    ['of a part alone', () => '?_HLS_part=1'],
    ['of no number', () => '?_HLS_msn=x'],
    ['of two numbers', () => '?_HLS_msn=1&_HLS_msn=2'],
    ['with something else', (msn: number) => `?_HLS_msn=${msn}&token=x`],
    ['that run into each other', (msn: number) => `?_HLS_msn=${msn}_HLS_part=0`],
  ])('is no playlist by directives %s', (_name, query) => {
    const { ready, playlist, msn } = setUp();
    expect(ready(playlist + query(msn), undefined)).toBeUndefined();
  });

  it('is nothing of a stream that not everybody may watch', () => {
    const { ready, playlist, media } = setUp(true);
    for (const path of [playlist, ...media]) expect(ready(path, undefined)).toBeUndefined();
  });

  it('is nothing of a stream that not every page may play', () => {
    const { ready, stream, media } = setUp();
    expect(ready(media[0]!, undefined)).toBeDefined();
    stream.playbackOrigins = ['https://blog.example'];
    expect(ready(media[0]!, undefined)).toBeUndefined();
  });

  it('is no playlist of a stream that is over: directives mean nothing there', () => {
    const { ready, stream, playlist, media } = setUp();
    stream.end();
    expect(ready(playlist, undefined)).toBeUndefined();
    expect(ready(media[1]!, undefined)).toBeDefined();
  });
});
