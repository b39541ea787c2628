/** What EXT-X-STREAM-INF says of a rendition (RFC 8216bis §4.4.6.2). */
export interface Variant {
  /** Of its media playlist, relative to the multivariant playlist. */
  uri: string;
  /** Peak and average of its segments, bits a second. */
  bandwidth: number;
  averageBandwidth: number;
  /** RFC 6381, of all its tracks. */
  codecs: readonly string[];
  /** Pixels; absent without video. */
  width?: number;
  height?: number;
  /** Frames a second; absent without video. */
  frameRate?: number;
  /** All its segments start with a key frame. */
  independent: boolean;
}

/** A Multivariant Playlist (RFC 8216bis §4.4.6): what every player is given. */
export function writeMultivariantPlaylist(variants: readonly Variant[]): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:9'];
  if (variants.every((variant) => variant.independent)) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  for (const variant of variants) lines.push(streamInf(variant), variant.uri);
  return lines.join('\n') + '\n';
}

function streamInf(variant: Variant): string {
  const attributes = [
    `BANDWIDTH=${Math.max(1, Math.ceil(variant.bandwidth))}`,
    `AVERAGE-BANDWIDTH=${Math.max(1, Math.ceil(variant.averageBandwidth))}`,
    `CODECS="${variant.codecs.join(',')}"`,
  ];
  if (variant.width && variant.height) attributes.push(`RESOLUTION=${variant.width}x${variant.height}`);
  if (variant.frameRate) attributes.push(`FRAME-RATE=${variant.frameRate.toFixed(3)}`);
  return `#EXT-X-STREAM-INF:${attributes.join(',')}`;
}
