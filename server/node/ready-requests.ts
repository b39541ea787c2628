import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ReadyAnswer, ReadyAnswers } from '../index.js';

/**
 * Answers what is there already without making a Request and a Response of it, which costs as much as the answer: the app's
 * listener gets the rest. HTTP/1.1 and HTTP/2.
 */
export function withReadyAnswers(ready: ReadyAnswers, listener: RequestListener): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const answer = readyAnswer(ready, request);
    if (!answer) {
      listener(request, response);
      return;
    }
    answer.headers['Content-Length'] = String(answer.body.length);
    response.writeHead(200, answer.headers);
    response.end(answer.body);
  };
}

function readyAnswer(
  ready: ReadyAnswers,
  { method, url = '', headers }: IncomingMessage,
): ReadyAnswer | undefined {
  if (method !== 'GET') return undefined;
  try {
    return ready(url, String(headers['accept-encoding'] ?? ''));
  } catch {
    // It would end the process here. The app fails likewise, says so, and logs it.
    return undefined;
  }
}
