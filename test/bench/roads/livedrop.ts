import { CliServer } from '../../helpers/cli-server.js';
import { within } from '../deadline.js';
import type { Road } from './road.js';

/** The built server as its users run it, and the demo's pages. */
export async function openLivedrop(): Promise<Road> {
  const server = await within(30, 'the start of the server', CliServer.start());
  return {
    name: 'Livedrop',
    url: server.url,
    waits: (viewer) => viewer.locator('live-player[state="waiting"]').waitFor(),
    // A page that is closed may come back: the server would hold its stream, beside the runs to come.
    endStream: (broadcaster) =>
      broadcaster.locator('live-broadcaster').evaluate((element) => (element as unknown as Stoppable).stop()),
    problems: () => [],
    close: async () => {
      await server.stop();
    },
  };
}

interface Stoppable {
  stop(): Promise<void>;
}
