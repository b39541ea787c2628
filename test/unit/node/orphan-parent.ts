// A server's process in small: it feeds a file to a transcoder for ever, until it is killed.
import { readFileSync } from 'node:fs';
import { ffmpegTranscoder } from '../../../server/node/ffmpeg-transcoder.js';

const path = process.argv[2]!;
const source = readFileSync(path);
const transcoder = ffmpegTranscoder({ path: 'ffmpeg' }).start(
  { streamId: 'orphan', container: 'webm', video: 'encode', audio: 'encode', keyFrameInterval: 1 },
  { onOutput: () => process.stdout.write('output\n'), onExit: () => process.exit(1) },
);

transcoder.write(source);
setInterval(() => {}, 1000);
