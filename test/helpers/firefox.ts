import { existsSync } from 'node:fs';
import { launch, type Browser, type Page } from 'puppeteer-core';

/** Firefox's executable; undefined where it is not installed. */
export const firefoxPath = [
  process.env['FIREFOX_PATH'],
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
].find((path) => path && existsSync(path));

const PREFERENCES = {
  // A camera and a microphone that are there everywhere, and no question about them.
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  // Whatever Puppeteer evaluates counts as a click, so that sound would be a matter of chance.
  'media.autoplay.default': 0,
  // A sound card that is there everywhere: without one, an AudioContext begins ten seconds late.
  'media.cubeb.force_mock_context': true,
  // Nothing of its own to do on the network.
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'app.normandy.enabled': false,
  'media.gmp-manager.updateEnabled': false,
};

/** A headless Firefox with a fake camera and microphone, where pages may sound. */
export function launchFirefox(): Promise<Browser> {
  if (!firefoxPath) throw new Error('Firefox is not installed; name one by FIREFOX_PATH.');
  return launch({
    browser: 'firefox',
    executablePath: firefoxPath,
    headless: true,
    extraPrefsFirefox: PREFERENCES,
  });
}

/** A page's console errors and exceptions, to be empty at the end of a test. */
export function collectFirefoxErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return errors;
}
