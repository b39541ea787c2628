/** 8-bit 4:2:0 profiles that every browser decodes: Baseline, Main and High (ITU-T H.264 §A.2). */
const PLAYABLE_PROFILES = new Set([66, 77, 100]);

/** @param profile profile_idc */
export const isPlayableProfile = (profile: number): boolean => PLAYABLE_PROFILES.has(profile);

/** Whether H.264 of this avcC (ISO/IEC 14496-15 §5.3.3.1) can be played as it is. */
export function isPlayableAvc(avcC: Uint8Array): boolean {
  return isPlayableProfile(avcC[1] ?? 0);
}
