import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { within } from '../deadline.js';
import { freePorts } from './ports.js';
import { endProcess } from './processes.js';

const FOLDERS = fileURLToPath(new URL('../../../.cache/bench/', import.meta.url));
const NGINX = process.env['NGINX_PATH'] ?? '';
const RTMP_MODULE = process.env['NGINX_RTMP_MODULE'] ?? '';

export interface NginxOptions {
  /** Take streams by RTMP and make HLS of them. Default: serve a folder and nothing else. */
  rtmp?: boolean;
}

/** One nginx of one worker over a folder of its own. */
export class Nginx {
  private constructor(
    readonly process: ChildProcess,
    /** What it serves, and where its HLS is. */
    readonly folder: string,
    /** Without a slash at the end. */
    readonly url: string,
    /** Without a stream's name. */
    readonly rtmpUrl: string,
  ) {}

  /** @throws Error where there is no nginx, or no RTMP module for it */
  static async start({ rtmp = false }: NginxOptions = {}): Promise<Nginx> {
    if (!existsSync(NGINX)) throw new Error('there is no nginx; install it, or name one by NGINX_PATH');
    if (rtmp && !existsSync(RTMP_MODULE)) {
      throw new Error(
        'nginx has no RTMP module; install libnginx-mod-rtmp, or name one by NGINX_RTMP_MODULE',
      );
    }
    const [httpPort = 0, rtmpPort = 0] = await freePorts(2);
    const base = join(FOLDERS, `nginx-${httpPort}`);
    const folder = join(base, 'www');
    await rm(base, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const file = join(base, 'nginx.conf');
    await writeFile(file, configuration({ base, folder, httpPort, rtmpPort: rtmp ? rtmpPort : undefined }));
    const child = spawn(NGINX, ['-c', file, '-p', base, '-e', 'stderr'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let problem = '';
    child.stderr.on('data', (text) => (problem += String(text)));
    child.once('error', (error) => (problem += error.message));
    const nginx = new Nginx(
      child,
      folder,
      `http://127.0.0.1:${httpPort}`,
      `rtmp://127.0.0.1:${rtmpPort}/live`,
    );
    try {
      await within(10, 'the start of nginx', nginx.#answers());
    } catch (error) {
      await nginx.stop();
      throw new Error(`${(error as Error).message}: ${problem}`, { cause: error });
    }
    return nginx;
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Leaves no process and no file. */
  async stop(): Promise<void> {
    await endProcess(this.process);
    await rm(join(this.folder, '..'), { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    while (this.process.exitCode === null) {
      const answer = await fetch(this.url).catch(() => undefined);
      if (answer) return;
      await delay(50);
    }
    throw new Error('nginx ended');
  }
}

interface Configuration {
  base: string;
  folder: string;
  httpPort: number;
  rtmpPort: number | undefined;
}

/** As the manuals have it, for one folder; what it writes otherwise goes into its own folder. */
function configuration({ base, folder, httpPort, rtmpPort }: Configuration): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const isRoot = process.getuid?.() === 0;
  return `
daemon off;
worker_processes 1;
pid ${base}/nginx.pid;
error_log stderr error;
${isRoot ? 'user root;' : ''}
${rtmpPort === undefined ? '' : `load_module ${RTMP_MODULE};`}
events { worker_connections 4096; }
${rtmpPort === undefined ? '' : rtmpServer(folder, rtmpPort)}
http {
  types {
    application/vnd.apple.mpegurl m3u8;
    video/mp2t ts;
    video/mp4 mp4 m4s;
  }
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  gzip_static on;
  ${rtmpPort === undefined ? 'open_file_cache max=1000;' : ''}
  ${temporary.map((name) => `${name}_temp_path ${base}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${httpPort};
    root ${folder};
    add_header Access-Control-Allow-Origin * always;
    location ~ \\.m3u8$ {
      add_header Access-Control-Allow-Origin * always;
      add_header Cache-Control no-cache;
    }
  }
}
`;
}

function rtmpServer(folder: string, port: number): string {
  return `
rtmp {
  # Its default is in a folder that only an installed nginx has.
  access_log off;
  server {
    listen 127.0.0.1:${port};
    application live {
      live on;
      hls on;
      hls_path ${folder};
      hls_fragment 2s;
    }
  }
}`;
}
