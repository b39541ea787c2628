/** Watches one stream until it is closed. */
export interface Viewer {
  close(): void;
}

export interface ViewerEvents {
  /** All of a part came. @param key its number for LL-HLS, its decode time for an endless MP4 */
  onPart(key: number): void;
  /** The viewer sees no more. */
  onFailure(error: Error): void;
}
