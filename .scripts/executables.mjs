// Finding programs that npm does not install: each by its environment variable, its usual places, then PATH.
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { root } from './run.mjs';

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The full path of the first of these programs on PATH. */
export function onPath(...names) {
  const suffixes = process.platform === 'win32' ? ['.exe'] : [''];
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      for (const suffix of suffixes) {
        const path = join(folder, name + suffix);
        if (folder && isExecutable(path)) return path;
      }
    }
  }
  return undefined;
}

function first(variable, places, names) {
  const named = process.env[variable];
  if (named && !isExecutable(named)) throw new Error(`${variable} is ${named}, which is no executable file.`);
  return named || places.find(isExecutable) || onPath(...names);
}

/** The Chromium that `playwright-core install chromium` made, if it did. */
function playwrightChromium() {
  try {
    const { chromium } = createRequire(join(root, 'package.json'))('playwright-core');
    return chromium.executablePath();
  } catch {
    return undefined;
  }
}

/** Chromium or Chrome; `CHROME_PATH` names another. */
export function findChromium() {
  const programFiles = [process.env.ProgramFiles, process.env['ProgramFiles(x86)'], process.env.LOCALAPPDATA];
  const places = [
    '/usr/bin/chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ...programFiles.filter(Boolean).map((folder) => join(folder, 'Google/Chrome/Application/chrome.exe')),
  ];
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const found = first('CHROME_PATH', places, names);
  if (found) return found;
  const fromPlaywright = playwrightChromium();
  return fromPlaywright && existsSync(fromPlaywright) ? fromPlaywright : undefined;
}

/** Firefox; `FIREFOX_PATH` names another. */
export function findFirefox() {
  const places = [
    '/Applications/Firefox.app/Contents/MacOS/firefox',
    'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
  ];
  return first('FIREFOX_PATH', places, ['firefox-esr', 'firefox']);
}

/** WebKitGTK's WebDriver, where its MiniBrowser and a virtual display are there too. */
export function findWebKit() {
  const driver = first('WEBKIT_DRIVER_PATH', [], ['WebKitWebDriver']);
  return driver && findMiniBrowser() && onPath('Xvfb') ? driver : undefined;
}

/** The browser that WebKitGTK's WebDriver drives. */
export function findMiniBrowser() {
  const libraries = ['/usr/lib', '/usr/libexec', ...subfolders('/usr/lib')];
  const places = libraries.flatMap((folder) =>
    ['webkit2gtk-4.1', 'webkit2gtk-4.0', 'webkitgtk-6.0'].map((name) => join(folder, name, 'MiniBrowser')),
  );
  return places.find(isExecutable);
}

function subfolders(folder) {
  try {
    return readdirSync(folder)
      .filter((name) => name.includes('-linux-'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** ffprobe; `FFPROBE_PATH` names another. */
export const findFfprobe = () => first('FFPROBE_PATH', [], ['ffprobe']);

/** Where .scripts/nginx.mjs unpacks Debian's packages. */
export const nginxFolder = join(root, '.cache', 'nginx');

/** nginx; `NGINX_PATH` names another. */
export const findNginx = () =>
  first('NGINX_PATH', ['/usr/sbin/nginx', join(nginxFolder, 'usr/sbin/nginx')], ['nginx']);

/** nginx's module for RTMP, as Debian packs it; `NGINX_RTMP_MODULE` names another. */
export function findNginxRtmp() {
  const module = 'usr/lib/nginx/modules/ngx_rtmp_module.so';
  const places = [process.env.NGINX_RTMP_MODULE, join('/', module), join(nginxFolder, module)];
  return places.find((path) => path && existsSync(path));
}
