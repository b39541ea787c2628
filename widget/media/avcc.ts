/**
 * A decoder configuration record (ISO/IEC 14496-15 §5.3.3) as decoders want it. Firefox (153) writes the first byte of each
 * parameter set twice and leaves the reserved bits 0; all others' come back as they are.
 */
export function cleanAvcC(source: Uint8Array): Uint8Array {
  const profile = source[1];
  // 6 bytes, then the length and the first bytes of the first sequence parameter set: its second one is the profile.
  const isDoubled = source[8] !== undefined && source[8] === source[9] && source[10] === profile;
  if (!isDoubled || source[9] === profile) return source;
  const bytes: number[] = [...source.subarray(0, 4), (source[4] ?? 3) | 0xfc];
  let at = 5;
  for (const reserved of [0xe0, 0]) {
    const count = (source[at++] ?? 0) & 0x1f;
    bytes.push(count | reserved);
    for (let set = 0; set < count; set++) {
      const length = ((source[at] ?? 0) << 8) | (source[at + 1] ?? 0);
      bytes.push((length - 1) >> 8, (length - 1) & 0xff, ...source.subarray(at + 3, at + 2 + length));
      at += 2 + length;
    }
  }
  return Uint8Array.from([...bytes, ...source.subarray(at)]);
}
