// The programs that the tests need beside npm's packages: found, else installed where that takes no password.
import {
  findChromium,
  findFfprobe,
  findFirefox,
  findMiniBrowser,
  findNginx,
  findNginxRtmp,
  findWebKit,
} from './executables.mjs';
import { ensureFfmpeg } from './ffmpeg.mjs';
import { unpackNginx } from './nginx.mjs';
import { runTool } from './run.mjs';
import { installSystemPackages } from './system-packages.mjs';

const minutes = 60_000;

/** Each with the environment variables by which the tests are told where it is. */
const tools = {
  ffprobe: {
    find: findFfprobe,
    packages: { apt: ['ffmpeg'], brew: ['ffmpeg'], winget: ['Gyan.FFmpeg'] },
    variables: { FFPROBE_PATH: findFfprobe },
    without: 'Install ffmpeg with your package manager; it brings ffprobe.',
  },
  chromium: {
    find: findChromium,
    packages: { apt: ['chromium', 'fonts-dejavu-core'] },
    otherwise: () => runTool('playwright-core', ['install', 'chromium'], { timeout: 5 * minutes }),
    variables: { CHROME_PATH: findChromium },
    without: 'Install Chromium or Chrome, or name one by CHROME_PATH.',
  },
  firefox: {
    find: findFirefox,
    packages: { apt: ['firefox-esr'] },
    optional: true,
    variables: { FIREFOX_PATH: findFirefox },
    without: 'Install Firefox, or name one by FIREFOX_PATH.',
  },
  webkit: {
    find: findWebKit,
    packages: {
      apt: [
        'webkit2gtk-driver',
        'xvfb',
        'gstreamer1.0-libav',
        'gstreamer1.0-plugins-good',
        'gstreamer1.0-plugins-bad',
      ],
    },
    optional: true,
    variables: { WEBKIT_DRIVER_PATH: findWebKit, MINIBROWSER_PATH: findMiniBrowser },
    without: 'Install webkit2gtk-driver, xvfb and the GStreamer plugins (Linux only).',
  },
  nginx: {
    find: () => findNginx() && findNginxRtmp(),
    packages: {},
    otherwise: unpackNginx,
    optional: true,
    variables: { NGINX_PATH: findNginx, NGINX_RTMP_MODULE: findNginxRtmp },
    without: 'Install nginx and libnginx-mod-rtmp.',
  },
};

/** Which programs each suite uses. */
export const toolsOf = {
  unit: ['ffprobe'],
  contract: ['ffprobe'],
  e2e: ['ffprobe', 'chromium', 'firefox', 'webkit'],
  package: [],
  widget: ['chromium'],
  bench: ['chromium', 'ffprobe', 'nginx'],
  chaos: ['chromium', 'ffprobe'],
  soak: ['ffprobe'],
  fuzz: ['ffprobe'],
};

/** Packages of several programs, by package manager, each once. */
function packagesOf(names) {
  const managers = new Set(names.flatMap((name) => Object.keys(tools[name].packages)));
  const of = (manager) => names.flatMap((name) => tools[name].packages[manager] ?? []);
  return Object.fromEntries([...managers].map((manager) => [manager, [...new Set(of(manager))]]));
}

/** One command for all is quicker; one each gets what can be had where something cannot. */
async function installMissing(names) {
  const done = await installSystemPackages(packagesOf(names));
  if (done || names.length === 1) return;
  for (const name of names) await installSystemPackages(tools[name].packages);
}

/**
 * Finds the programs that these suites use and installs those that are missing.
 *
 * @param {string[]} suites keys of {@link toolsOf}
 * @returns {Promise<Record<string, string>>} environment variables that name what was found
 * @throws where one that is not optional cannot be had
 */
export async function ensureTools(suites) {
  const unknown = suites.find((suite) => !Object.hasOwn(toolsOf, suite));
  if (unknown !== undefined) throw new TypeError(`toolsOf does not say which programs ${unknown} uses`);
  const env = { FFMPEG_PATH: await ensureFfmpeg() };
  const names = [...new Set(suites.flatMap((suite) => toolsOf[suite]))];
  const isMissing = (name) => !tools[name].find();
  if (names.some(isMissing)) await installMissing(names.filter(isMissing));
  for (const name of names) {
    const tool = tools[name];
    if (isMissing(name)) await tool.otherwise?.();
    if (isMissing(name) && !tool.optional) throw new Error(`The tests need ${name}. ${tool.without}`);
    if (isMissing(name)) console.log(`Without ${name}: what needs it is skipped. ${tool.without}`);
    for (const [variable, find] of Object.entries(tool.variables)) {
      const path = find();
      if (path) env[variable] = path;
    }
  }
  return env;
}
