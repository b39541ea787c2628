// npm start [-- --port 3001 …]: installs and builds what is missing, finds ffmpeg, then serves.
import './node-version.mjs';
import { build } from './compile.mjs';
import { installDependencies } from './dependencies.mjs';
import { ensureFfmpeg } from './ffmpeg.mjs';
import { fail } from './run.mjs';
import { stopWithParent } from './with-parent.mjs';

/** The value of `--ffmpeg x` or `--ffmpeg=x` among the server's arguments. */
function ffmpegArgument(args) {
  const index = args.findIndex((arg) => arg === '--ffmpeg' || arg.startsWith('--ffmpeg='));
  if (index === -1) return undefined;
  return args[index].includes('=') ? args[index].slice('--ffmpeg='.length) : args[index + 1];
}

try {
  const args = process.argv.slice(2);
  await installDependencies();
  await build();
  if (!args.includes('--help') && !args.includes('--version')) {
    process.env.FFMPEG_PATH = await ensureFfmpeg(ffmpegArgument(args));
  }
} catch (error) {
  fail(error);
}

// In this process, so that a signal reaches the server and nothing stands between.
await import('../dist/server/node/cli.js');
stopWithParent();
