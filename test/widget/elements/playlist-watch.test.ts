import { expect } from 'chai';
import { PlaylistWatch } from '../../../widget/elements/playlist-watch.js';

const MULTIVARIANT = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmain/media.m3u8?token=a\n';
const LIVE = '#EXTM3U\n#EXTINF:1,\n0.mp4\n';
const playlistUrl = 'http://cdn.test/livestream/a/stream.m3u8';
const mediaUrl = 'http://cdn.test/livestream/a/main/media.m3u8?token=a';

/** Answers from a table; what is not in it is 404. */
function answers(table: Record<string, string>): typeof fetch {
  return (input) => {
    const body = table[input as string];
    return Promise.resolve(new Response(body ?? 'no', { status: body === undefined ? 404 : 200 }));
  };
}

/** There is a multivariant playlist, and this in place of what it names. */
function variantAnswers(status: number): typeof fetch {
  return (input) =>
    Promise.resolve(input === playlistUrl ? new Response(MULTIVARIANT) : new Response('no', { status }));
}

function firstStatus(fetch: typeof globalThis.fetch): Promise<string | undefined> {
  return new Promise((resolve) => {
    const watch = new PlaylistWatch(
      (status) => {
        watch.stop();
        resolve(status);
      },
      { fetch },
    );
    watch.start(() => playlistUrl);
  });
}

describe('PlaylistWatch', () => {
  it('takes a missing playlist for a stream that waits', async () => {
    expect(await firstStatus(answers({}))).to.equal('waiting');
    expect(await firstStatus(answers({ [playlistUrl]: MULTIVARIANT }))).to.equal('waiting');
  });

  it('takes a server that has none for now for a stream that is interrupted', async () => {
    const restarting = () => Promise.resolve(new Response('no', { status: 503 }));
    expect(await firstStatus(restarting)).to.equal('reconnecting');
    expect(await firstStatus(variantAnswers(503))).to.equal('reconnecting');
  });

  it('tells a stream that is not for who asks from one that waits', async () => {
    for (const status of [401, 403]) {
      const refused = () => Promise.resolve(new Response('no', { status }));
      expect(await firstStatus(refused)).to.equal('unauthorized');
      expect(await firstStatus(variantAnswers(status))).to.equal('unauthorized');
    }
  });

  it('looks into the media playlist', async () => {
    expect(await firstStatus(answers({ [playlistUrl]: MULTIVARIANT, [mediaUrl]: LIVE }))).to.equal('live');
    expect(
      await firstStatus(answers({ [playlistUrl]: MULTIVARIANT, [mediaUrl]: `${LIVE}#EXT-X-ENDLIST\n` })),
    ).to.equal('ended');
    expect(await firstStatus(answers({ [playlistUrl]: LIVE }))).to.equal('live');
  });

  it('says when nothing answers', async () => {
    expect(await firstStatus(() => Promise.reject(new TypeError('Failed to fetch')))).to.equal(undefined);
  });

  it('looks again until it is stopped', async () => {
    const table: Record<string, string> = {};
    const seen: (string | undefined)[] = [];
    await new Promise<void>((resolve) => {
      const watch = new PlaylistWatch(
        (status) => {
          seen.push(status);
          table[playlistUrl] = LIVE;
          if (status !== 'live') return;
          watch.stop();
          expect(watch.active).to.equal(false);
          resolve();
        },
        { fetch: answers(table), interval: 1 },
      );
      watch.start(() => playlistUrl);
      expect(watch.active).to.equal(true);
    });
    expect(seen).to.deep.equal(['waiting', 'live']);
  });

  it('aborts the look it is at', async () => {
    const aborted = new Promise<void>((resolve) => {
      const watch = new PlaylistWatch(() => expect.fail('told after stop'), {
        fetch: (_input, init) =>
          new Promise((_resolve, reject) => {
            init?.signal?.addEventListener('abort', () => {
              resolve();
              reject(new DOMException('stopped', 'AbortError'));
            });
          }),
      });
      watch.start(() => playlistUrl);
      watch.stop();
    });
    await aborted;
  });
});
