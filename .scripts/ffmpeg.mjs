// Makes sure that there is an ffmpeg: found as the server finds it, else installed where that takes no password.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';
import { installSystemPackages } from './system-packages.mjs';

const minutes = 60_000;

/** ffmpeg-static's own install step downloads its binary from a code host. It may be out of reach. */
async function downloadFfmpegStatic() {
  const script = join(root, 'node_modules', 'ffmpeg-static', 'install.js');
  if (!existsSync(script)) return;
  console.log('No ffmpeg found; downloading the one of ffmpeg-static …');
  const { code } = await run(process.execPath, [script], { quiet: true, timeout: 2 * minutes });
  if (code !== 0) console.log('That did not work (the download host did not answer). Going on.');
}

/**
 * Finds ffmpeg, or installs it.
 *
 * @param {string} [explicit] the path that the user named; then no other is looked for
 * @returns {Promise<string>} the path of one that answered to `-version`
 * @throws when there is none and none could be installed without a password, with the command that installs it
 */
export async function ensureFfmpeg(explicit) {
  const { findFfmpeg } = await import('../dist/server/node/find-ffmpeg.js');
  const find = async () => (await findFfmpeg({ path: explicit })).path;
  if (explicit || process.env.FFMPEG_PATH) return find();
  const preparations = [
    () => undefined,
    downloadFfmpegStatic,
    () => installSystemPackages({ apt: ['ffmpeg'], brew: ['ffmpeg'], winget: ['Gyan.FFmpeg'] }),
  ];
  let reason;
  for (const prepare of preparations) {
    await prepare();
    try {
      return await find();
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}
