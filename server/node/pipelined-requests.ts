import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Exchange = [request: IncomingMessage, response: ServerResponse];

/**
 * Hands out the requests of a connection one by one, each after the answer to the one before, and lets everybody else have a turn in
 * between: Node hands out all that came at once (pipelining, RFC 9112 §9.3.2), and hundreds of them would keep live media waiting.
 * HTTP/2 has its own limit of what is asked at once.
 * @param most that wait; a client that asks for more is cut
 * @param onCut is called once for each client that is cut
 */
export function oneByOne(listener: RequestListener, most: number, onCut: () => void): RequestListener {
  /** Those that wait, of connections with a request that is not answered yet. */
  const waiting = new WeakMap<Socket, Exchange[]>();

  function handle([request, response]: Exchange): void {
    const { socket } = request;
    response.once('close', () => {
      if (waiting.get(socket)?.length) setImmediate(() => next(socket));
      else waiting.delete(socket);
    });
    listener(request, response);
  }

  function next(socket: Socket): void {
    const exchange = socket.destroyed ? undefined : waiting.get(socket)?.shift();
    if (exchange) handle(exchange);
    else waiting.delete(socket);
  }

  return (request, response) => {
    if (request.httpVersionMajor >= 2) {
      listener(request, response);
      return;
    }
    const { socket } = request;
    const others = waiting.get(socket);
    if (!others) {
      waiting.set(socket, []);
      handle([request, response]);
    } else if (others.length < most) others.push([request, response]);
    else if (others.length === most) {
      // One more than may wait, so that this happens once.
      others.push([request, response]);
      onCut();
      // What was answered already leaves first.
      setImmediate(() => socket.destroy());
    }
  };
}
