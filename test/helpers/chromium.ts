import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const CANDIDATES = [
  process.env['CHROME_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is. */
export function findChromium(): string {
  return CANDIDATES.find((path) => path && existsSync(path)) ?? chromium.executablePath();
}

/**
 * A headless Chromium with a fake camera, microphone and screen, and nothing of its own to do on the network.
 * @param handlesSignals false: whoever starts it ends it, also when this process is interrupted
 * @param microphone a WAV file that is heard again and again; by default it beeps
 */
export function launchChromium({
  handlesSignals = true,
  microphone,
}: { handlesSignals?: boolean; microphone?: string } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    handleSIGINT: handlesSignals,
    handleSIGTERM: handlesSignals,
    handleSIGHUP: handlesSignals,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--auto-accept-this-tab-capture',
      '--autoplay-policy=no-user-gesture-required',
      ...(microphone === undefined ? [] : [`--use-file-for-fake-audio-capture=${microphone}`]),
    ],
  });
}
