import type { TranscoderInput } from '../ingest/transcoder.js';

/** How ffmpeg encodes what cannot be copied. */
export interface EncodingOptions {
  /** Frames a second of encoded video, made constant. Default 30. */
  frameRate?: number;
  /** Most pixels along the longer side of encoded video; larger pictures are scaled down. Default 1920. */
  maxVideoSide?: number;
  /** Most bits a second of encoded video. Default 5,000,000. */
  maxVideoBitrate?: number;
  /** Bits a second of encoded audio. Default 128,000. */
  audioBitrate?: number;
}

const DEMUXERS: Record<TranscoderInput['container'], string> = {
  webm: 'matroska',
  mp4: 'mov',
  mpegts: 'mpegts',
};

/**
 * Look at each track's first packet and no further. Chromium's WebM has H.264's parameter sets nowhere else, and to learn the
 * order of frames ffmpeg would wait for seven.
 */
const FIRST_PACKETS = ['-max_ts_probe', '0', '-fpsprobesize', '0'];

/**
 * MPEG-TS may add a track at any time, so ffmpeg looks for all of this time (microseconds). An audio packet
 * holds up to 0.2 s and its sampling rate is known from the first one only.
 */
const TRANSPORT_STREAM = ['-analyzeduration', '1000000', '-fpsprobesize', '0'];

/**
 * How long one track's packets wait for the other's (microseconds). Must be longer than tracks are apart in a file, or
 * the muxer guesses durations and moves timestamps by them; and as short as that allows, for video to go on while
 * audio stalls. MediaRecorder's WebM has its tracks close together, MP4 has each fragment's tracks one after the
 * other, and MPEG-TS sends pictures up to a second before the sound that belongs to them.
 */
const INTERLEAVING_WAIT: Record<TranscoderInput['container'], number> = {
  webm: 500_000,
  mp4: 10_000_000,
  mpegts: 2_000_000,
};

/** Added to all times (seconds), so that priming and reordered frames before the source's zero stay positive. */
const CLOCK_START = 10;

/**
 * ffmpeg's arguments for one stream: the container on stdin, fragmented MP4 with one frame a fragment on stdout.
 * Needs ffmpeg 5.1 or newer.
 *
 * What a reader of the output can rely on, and must do:
 *
 * - The file is `ftyp moov (moof mdat)…`, without `edts`, `sidx` or `mfra`. `moov` comes when every encoded track has its
 *   first packet.
 * - A sample's decode time is its fragment's `tfdt` (plus the durations of the samples before it in the same
 *   `trun`), its presentation time that plus its composition offset. Both are on one clock that all tracks share, so
 *   nothing else is to be applied: there is no edit list, and AAC's 1024 samples of priming are on the clock
 *   before the first sound. A composition offset is signed where its `trun` is of version 1.
 * - The clock is the source's plus 10 s where video is copied from WebM or MP4, else it begins near 10 s.
 * - A `moof` holds one or two `traf`, a `traf` one sample (the first ones may hold more). Data offsets count from the
 *   `moof` (default-base-is-moof).
 * - A sample's duration is the distance to its track's next sample, whatever the frame rate does. Only the last one's, at
 *   the end of the file, is a guess and may be 0.
 *
 * `-frag_duration 1` and not `frag_every_frame`: the latter cuts also when the packet's own track has none waiting,
 * and then takes the time of the packet after it for its own, which damages timestamps whenever two tracks
 * arrive in bursts, as from MediaRecorder. `-fflags nobuffer` is missing on purpose: it drops the first key frame.
 */
export function ffmpegArguments(input: TranscoderInput, options: EncodingOptions = {}): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'repeat+level+warning'],
    ...inputArguments(input),
    ...['-map', '0:v:0?', '-map', '0:a:0?'],
    ...(input.video === 'copy' ? ['-c:v', 'copy'] : encodeVideo(input, options)),
    ...(input.audio === 'copy' ? copyAudio(input) : encodeAudio(options)),
    ...outputArguments(input),
  ];
}

function inputArguments({ container, video }: TranscoderInput): string[] {
  return [
    // MPEG-TS clocks jump and wrap, and a constant frame rate is counted from zero: there ffmpeg makes the clock.
    ...(video === 'copy' && container !== 'mpegts' ? ['-copyts'] : []),
    ...(container === 'mpegts' ? TRANSPORT_STREAM : FIRST_PACKETS),
    // Decoding frames in parallel would add a frame of delay for each thread.
    ...(video === 'encode' ? ['-thread_type', 'slice'] : []),
    ...['-f', DEMUXERS[container], '-i', 'pipe:0'],
  ];
}

function encodeVideo(input: TranscoderInput, options: EncodingOptions): string[] {
  const { frameRate = 30, maxVideoSide = 1920, maxVideoBitrate = 5_000_000 } = options;
  const fit = `'min(iw,${maxVideoSide})':'min(ih,${maxVideoSide})'`;
  return [
    ...['-vf', `scale=${fit}:force_original_aspect_ratio=decrease:force_divisible_by=2`],
    ...['-r', String(frameRate), '-fps_mode', 'cfr', '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'high', '-bf', '0'],
    ...['-sc_threshold', '0', '-force_key_frames', `expr:gte(t,n_forced*${input.keyFrameInterval})`],
    ...['-crf', '23', '-maxrate', String(maxVideoBitrate), '-bufsize', String(maxVideoBitrate)],
  ];
}

function copyAudio({ container }: TranscoderInput): string[] {
  return ['-c:a', 'copy', ...(container === 'mpegts' ? ['-bsf:a', 'aac_adtstoasc'] : [])];
}

/** `async=1` fills gaps with silence and cuts overlaps, so that sound stays with its pictures. */
function encodeAudio({ audioBitrate = 128_000 }: EncodingOptions): string[] {
  return [
    '-af',
    'aresample=async=1',
    '-c:a',
    'aac',
    '-ar',
    '48000',
    '-ac',
    '2',
    '-b:a',
    String(audioBitrate),
  ];
}

function outputArguments({ container, audio }: TranscoderInput): string[] {
  // AAC of MPEG-TS says in its packets what moov has to say.
  const header = container === 'mpegts' && audio === 'copy' ? '+delay_moov' : '+empty_moov';
  return [
    ...['-max_interleave_delta', String(INTERLEAVING_WAIT[container])],
    ...['-avoid_negative_ts', 'disabled', '-output_ts_offset', String(CLOCK_START)],
    ...['-f', 'mp4', '-use_editlist', '0', '-frag_duration', '1', '-flush_packets', '1'],
    ...['-movflags', `${header}+default_base_moof+skip_trailer+frag_discont`, 'pipe:1'],
  ];
}
