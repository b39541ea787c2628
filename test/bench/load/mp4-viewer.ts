import { get, type ClientRequest } from 'node:http';
import { FragmentScanner } from './fragment-scanner.js';
import type { Viewer, ViewerEvents } from './viewer.js';

/** A viewer of `live.mp4`: one request, whose answer does not end. */
export class Mp4Viewer implements Viewer {
  readonly #request: ClientRequest;
  #isClosed = false;

  /** @param url of the server @param flush what is written at once */
  constructor(
    url: URL,
    streamId: string,
    { onPart, onFailure }: ViewerEvents,
    flush: 'part' | 'frame' = 'part',
  ) {
    const scanner = new FragmentScanner((decodeTime) => onPart(decodeTime));
    this.#request = get(
      new URL(`/livestream/${streamId}/live.mp4?flush=${flush}`, url),
      { agent: false },
      (response) => {
        if (response.statusCode !== 200) onFailure(new Error(`live.mp4: ${response.statusCode}`));
        response.on('data', (bytes: Buffer) => scanner.push(bytes));
        response.on('close', () => {
          if (!this.#isClosed) onFailure(new Error('live.mp4 ended'));
        });
      },
    );
    this.#request.on('error', (error) => {
      if (!this.#isClosed) onFailure(error);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#request.destroy();
  }
}
