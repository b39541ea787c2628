import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsumerProject, createConsumerProject, execute, root } from './consumer-project.js';

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };

describe('the packed package in an empty project', () => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await createConsumerProject();
  });

  afterAll(() => project?.remove());

  it('holds what it should and nothing else', () => {
    const strays = project.packedFiles.filter(
      (path) =>
        !/^(dist\/(server|widget|browser|demo)\/|server\/README\.md$)/.test(path) &&
        !['package.json', 'README.md', 'LICENSE', 'custom-elements.json'].includes(path),
    );
    expect(strays).toEqual([]);
    for (const path of ['README.md', 'LICENSE', 'custom-elements.json', 'dist/browser/livedrop.js']) {
      expect(project.packedFiles).toContain(path);
    }
  });

  it('serves from livedrop/server without a runtime adapter', async () => {
    const printed = await project.runModule(`
      import { upgradeWebSocket } from '@hono/node-server';
      import { createLivestream } from 'livedrop/server';
      import { isStreamId } from 'livedrop/protocol';
      const livestream = createLivestream({ upgradeWebSocket });
      const response = await livestream.app.request('/healthz');
      await livestream.close();
      console.log(response.status, isStreamId('a-stream'));
    `);
    expect(printed.trim()).toBe('200 true');
  });

  it('serves from livedrop/node on a port of its own', async () => {
    const printed = await project.runModule(`
      import { serve } from 'livedrop/node';
      const server = await serve({ port: 0 });
      const script = await fetch(new URL('/livedrop.js', server.url));
      console.log(script.status, script.headers.get('content-type').split(';')[0]);
      await server.close();
    `);
    expect(printed.trim()).toBe('200 text/javascript');
  });

  it('gives the element classes to code that is rendered on a server, and defines nothing', async () => {
    const printed = await project.runModule(`
      const { LivePlayer, LiveBroadcaster } = await import('livedrop');
      const { VideoElementController } = await import('livedrop/controllers');
      console.log(typeof LivePlayer, typeof LiveBroadcaster, typeof VideoElementController);
      console.log(globalThis.customElements?.get('live-player'));
    `);
    expect(printed.trim().split('\n')).toEqual(['function function function', 'undefined']);
  });

  it('answers on the command line', async () => {
    const bin = join(project.folder, 'node_modules/livedrop/dist/server/node/cli.js');
    expect((await execute(process.execPath, [bin, '--version'], project.folder)).trim()).toBe(version);
    const help = await execute('npx', ['--no-install', 'livedrop', '--help'], project.folder);
    expect(help).toContain('--port');
    expect(help).toContain('--ffmpeg');
  });

  it('has types that a strict project compiles with', async () => {
    await project.write(
      'consumer.ts',
      `import { LiveBroadcaster, LivePlayer } from 'livedrop';
import 'livedrop/define';
import { LivestreamSocketController, MediaStreamController, VideoElementController } from 'livedrop/controllers';
import type { ServerMessage } from 'livedrop/protocol';
import { createLivestream } from 'livedrop/server';
import { serve } from 'livedrop/node';
import type { UpgradeWebSocket } from 'hono/ws';

const player: LivePlayer = document.createElement('live-player');
const broadcaster: LiveBroadcaster = document.createElement('live-broadcaster');
player.streamId = broadcaster.streamId;
// @ts-expect-error a stream id is a string
player.streamId = 1;

export const app = (upgradeWebSocket: UpgradeWebSocket) => createLivestream({ upgradeWebSocket }).app;
export const url: string = (await serve({ port: 0 })).url;
export const kind = (message: ServerMessage): string => message.type;
export { LivestreamSocketController, MediaStreamController, VideoElementController };
`,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022'];
    const modules = [
      '--module',
      'nodenext',
      '--moduleResolution',
      'nodenext',
      '--lib',
      'es2023,dom,dom.iterable',
    ];
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
    const printed = await execute(
      process.execPath,
      [tsc, ...options, ...modules, ...types, 'consumer.ts'],
      project.folder,
    );
    expect(printed).toBe('');
  });

  it('is bundled by Vite, with hls.js in a chunk of its own', async () => {
    await project.write('main.js', "import 'livedrop/define';\n");
    const result = await build({
      root: project.folder,
      configFile: false,
      logLevel: 'silent',
      build: {
        write: false,
        modulePreload: false,
        rolldownOptions: { input: join(project.folder, 'main.js') },
      },
    });
    if (!('output' in result)) throw new Error('Vite gave no output.');
    const chunks = result.output.filter((file) => file.type === 'chunk');
    const entry = chunks.find((chunk) => chunk.isEntry);
    expect(entry?.code).toContain('live-player');
    expect(entry?.code).toContain('live-broadcaster');
    const lazy = chunks.filter((chunk) => entry?.dynamicImports.includes(chunk.fileName));
    expect(lazy.some((chunk) => chunk.moduleIds.some((id) => id.includes('hls.js')))).toBe(true);
    expect(entry?.moduleIds.some((id) => id.includes('/hls.js/'))).toBe(false);
  });
});
