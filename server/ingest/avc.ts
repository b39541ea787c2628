/** 8-bit 4:2:0 profiles that every browser decodes: Baseline, Main and High (ITU-T H.264 §A.2). */
const PLAYABLE_PROFILES = new Set([66, 77, 100]);

/** Whether H.264 of this avcC (ISO/IEC 14496-15 §5.3.3.1) can be played as it is. */
export function isPlayableAvc(avcC: Uint8Array): boolean {
  return PLAYABLE_PROFILES.has(avcC[1] ?? 0);
}
