import { gunzipSync } from 'node:zlib';
import { HttpConnection, type Answer } from './http-connection.js';
import type { Viewer, ViewerEvents } from './viewer.js';

/** What a viewer needs of a media playlist. */
interface PlaylistEnd {
  /** What to ask for next. */
  msn: number;
  part: number;
  /** URI of the newest part, its number cut out. */
  before: string;
  after: string;
  number: number;
}

/**
 * A viewer of LL-HLS as hls.js is one: a playlist, which the server holds back until there is a part more, then that part,
 * over one connection.
 */
export class HlsViewer implements Viewer {
  readonly #connection: HttpConnection;
  /** All who ask the same are answered the same: it is read once. */
  readonly #read: Map<string, PlaylistEnd>;
  #isClosed = false;

  /**
   * @param url of the server
   * @param read shared among the viewers of a stream
   */
  constructor(url: URL, streamId: string, events: ViewerEvents, read: Map<string, PlaylistEnd>) {
    this.#connection = new HttpConnection(url);
    this.#read = read;
    this.#watch(`/livestream/${streamId}/stream.m3u8`, events).catch((error: unknown) => {
      if (!this.#isClosed) events.onFailure(error as Error);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  async #watch(path: string, { onPart }: ViewerEvents): Promise<void> {
    const text = textOf(await this.#get(path, true));
    const uri = text.split('\n').find((line) => line !== '' && !line.startsWith('#'));
    if (!uri) throw new Error(`no variant in ${text}`);
    const playlist = new URL(uri, `http://server${path}`).pathname;
    const folder = playlist.slice(0, playlist.lastIndexOf('/') + 1);
    let end = endOf(textOf(await this.#get(playlist, true)));
    while (!this.#isClosed) {
      const query = `?_HLS_msn=${end.msn}&_HLS_part=${end.part}&_HLS_skip=YES`;
      const answer = await this.#get(playlist + query, true);
      const next = this.#readOnce(query, answer);
      for (let number = end.number + 1; number <= next.number; number++) {
        await this.#get(`${folder}${next.before}${number}${next.after}`);
        onPart(number);
      }
      end = next;
    }
  }

  async #get(path: string, keepsBody = false): Promise<Answer> {
    const answer = await this.#connection.get(path, keepsBody);
    if (answer.status !== 200) throw new Error(`${answer.status} ${path}`);
    return answer;
  }

  #readOnce(query: string, answer: Answer): PlaylistEnd {
    let end = this.#read.get(query);
    if (!end) this.#read.set(query, (end = endOf(textOf(answer))));
    return end;
  }
}

function textOf({ body }: Answer): string {
  return (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body).toString();
}

function endOf(text: string): PlaylistEnd {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const segments = text.match(/^#EXTINF:/gm)?.length ?? 0;
  const [, before = '', digits = '', after = ''] =
    /.*\n#EXT-X-PART:[^\n]*URI="([^"]*-p)(\d+)(\.m4s[^"]*)"/s.exec(text) ?? [];
  if (!digits) throw new Error(`no part in ${text}`);
  const open = text.slice(text.lastIndexOf('#EXTINF:') + 1);
  return {
    msn: number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)/m) + number(/SKIPPED-SEGMENTS=(\d+)/) + segments,
    part: open.match(/^#EXT-X-PART:/gm)?.length ?? 0,
    before,
    after,
    number: Number(digits),
  };
}
