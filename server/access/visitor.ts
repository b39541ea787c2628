import type { Context } from 'hono';

/** What differs between two requests of one visitor: what is wanted, in which form, and what proxies write on each to find it again. */
const SAYS_NOTHING =
  /^(?:accept|accept-encoding|range|if-.*|cache-control|pragma|connection|upgrade.*|te|purpose|priority|content-.*|sec-(?:fetch-.*|purpose|websocket-(?:key|version|extensions))|trace(?:parent|state)|x-(?:request-(?:id|start)|correlation-id|amzn-trace-id|cloud-trace-context|b3-.*)|b3|cf-ray)$/;

/**
 * Who asks, as far as a request tells: its address and all its headers but those that say nothing of it. Which of them an app looks
 * at, a cookie or what its proxy says of a login, nobody but the app knows.
 */
export function visitorOf({ req }: Context, address: string | undefined): string {
  const lines = [address ?? ''];
  req.raw.headers.forEach((value, name) => {
    if (!SAYS_NOTHING.test(name)) lines.push(`${name}: ${value}`);
  });
  return lines.join('\n');
}
