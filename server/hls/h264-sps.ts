import { BitReader } from './bit-reader.js';

/** What a sequence parameter set says (ITU-T H.264 §7.3.2.1.1). */
export interface SequenceParameters {
  /** profile_idc: 66 Baseline, 77 Main, 100 High, … (§A.2). */
  profile: number;
  /** constraint_set0_flag … constraint_set5_flag and two zero bits. */
  constraints: number;
  /** level_idc: ten times the level. */
  level: number;
  /** chroma_format_idc: 1 is 4:2:0. */
  chromaFormat: number;
  /** Of luma and chroma, the larger. */
  bitDepth: number;
  /** Of the picture that is shown, cropping applied, pixels. */
  width: number;
  height: number;
}

/** Profiles whose parameter sets have chroma format, bit depth and scaling matrices. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Larger ones do not fit a sample entry's 16 bits, nor any level. */
const MAX_SIDE = 16_384;

/**
 * Reads a sequence parameter set.
 * @param nal the NAL unit with its header byte
 * @throws RangeError when it is none
 */
export function readSps(nal: Uint8Array): SequenceParameters {
  if (((nal[0] ?? 0) & 0x9f) !== 7) throw new RangeError('it is no sequence parameter set');
  const reader = new BitReader(unescape(nal.subarray(1)));
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  reader.ue(); // seq_parameter_set_id
  const { chromaFormat, bitDepth } = HIGH_PROFILES.has(profile)
    ? readHighProfile(reader)
    : { chromaFormat: 1, bitDepth: 8 };
  reader.ue(); // log2_max_frame_num_minus4
  skipPictureOrderCount(reader);
  reader.ue(); // max_num_ref_frames
  reader.flag(); // gaps_in_frame_num_value_allowed_flag
  const macroblocksAcross = reader.ue() + 1;
  const mapUnitsDown = reader.ue() + 1;
  const framesOnly = reader.flag();
  if (!framesOnly) reader.flag(); // mb_adaptive_frame_field_flag
  reader.flag(); // direct_8x8_inference_flag
  const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  // CropUnitX and CropUnitY (§7.4.2.1.1), for the formats with chroma of its own.
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * (framesOnly ? 1 : 2);
  const width = macroblocksAcross * 16 - unitX * (left + right);
  const height = mapUnitsDown * 16 * (framesOnly ? 1 : 2) - unitY * (top + bottom);
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) {
    throw new RangeError(`its pictures would have ${width}×${height} pixels`);
  }
  return { profile, constraints, level, chromaFormat, bitDepth, width, height };
}

function readHighProfile(reader: BitReader): { chromaFormat: number; bitDepth: number } {
  const chromaFormat = reader.ue();
  if (chromaFormat > 3) throw new RangeError(`chroma_format_idc ${chromaFormat} does not exist`);
  if (chromaFormat === 3) reader.flag(); // separate_colour_plane_flag
  const bitDepth = 8 + Math.max(reader.ue(), reader.ue());
  reader.flag(); // qpprime_y_zero_transform_bypass_flag
  // seq_scaling_matrix_present_flag
  if (reader.flag()) {
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list++) {
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormat, bitDepth };
}

/** §7.3.2.1.1.1 */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  for (let index = 0; index < size; index++) {
    const next = (last + reader.se() + 256) % 256;
    if (next === 0) return;
    last = next;
  }
}

function skipPictureOrderCount(reader: BitReader): void {
  const type = reader.ue();
  if (type > 2) throw new RangeError(`pic_order_cnt_type ${type} does not exist`);
  if (type === 0) reader.ue(); // log2_max_pic_order_cnt_lsb_minus4
  if (type !== 1) return;
  reader.flag(); // delta_pic_order_always_zero_flag
  reader.se(); // offset_for_non_ref_pic
  reader.se(); // offset_for_top_to_bottom_field
  const count = reader.ue();
  if (count > 255) throw new RangeError(`its picture order cycle has ${count} frames`);
  for (let index = 0; index < count; index++) reader.se();
}

/** Takes out the emulation prevention bytes: 00 00 03 stands for 00 00 (§7.4.1.1). */
function unescape(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
