import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  /** Empty where it was not asked for. */
  body: Buffer;
}

interface Pending {
  keepsBody: boolean;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * One kept-alive connection of HTTP/1.1, one request at a time. Node's own clients take several times the processor time,
 * which on a small machine is the server's.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #pending: Pending | undefined;
  #head: Buffer[] = [];
  #status = 0;
  /** Of the body, bytes; undefined while the head is read. */
  #missing: number | undefined;
  #body: Buffer[] = [];

  constructor({ hostname, port, host }: URL) {
    this.#host = host;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** @param keepsBody whether the answer's body is of interest */
  get(path: string, keepsBody = false): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection is closed'));
      this.#pending = { keepsBody, resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAccept-Encoding: gzip\r\n\r\n`);
    });
  }

  close(): void {
    this.#pending = undefined;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const rest = this.#missing === undefined ? this.#readHead(chunk) : chunk;
    if (!rest || this.#missing === undefined) return;
    if (this.#pending?.keepsBody) this.#body.push(rest);
    this.#missing -= rest.length;
    if (this.#missing <= 0) this.#finish();
  }

  /** Returns what follows the head, once it is whole. */
  #readHead(chunk: Buffer): Buffer | undefined {
    this.#head.push(chunk);
    const bytes = this.#head.length === 1 ? chunk : Buffer.concat(this.#head);
    const end = bytes.indexOf(END_OF_HEAD);
    if (end === -1) return undefined;
    const head = bytes.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`an answer without Content-Length:\n${head}`));
      return undefined;
    }
    this.#status = Number(head.slice(9, 12));
    this.#missing = Number(length);
    this.#head = [];
    return bytes.subarray(end + END_OF_HEAD.length);
  }

  #finish(): void {
    const answer = { status: this.#status, body: Buffer.concat(this.#body) };
    const pending = this.#pending;
    this.#pending = this.#missing = undefined;
    this.#body = [];
    pending?.resolve(answer);
  }

  #fail(error: Error): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#socket.destroy();
    pending?.reject(error);
  }
}
