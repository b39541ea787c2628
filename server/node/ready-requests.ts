import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ReadyAnswers } from '../index.js';

/**
 * Answers what is there already without making a Request and a Response of it, which costs as much as the answer: the app's
 * listener gets the rest. HTTP/1.1 and HTTP/2.
 */
export function withReadyAnswers(ready: ReadyAnswers, listener: RequestListener): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const { method, url = '' } = request;
    const answer =
      method === 'GET' ? ready(url, String(request.headers['accept-encoding'] ?? '')) : undefined;
    if (!answer) {
      listener(request, response);
      return;
    }
    answer.headers['Content-Length'] = String(answer.body.length);
    response.writeHead(200, answer.headers);
    response.end(answer.body);
  };
}
