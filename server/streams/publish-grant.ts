/** A stored stream key, as it was when it was presented. */
export interface KeyGrant {
  id: string;
  /** Of the key: rotating changes it. */
  hash: string;
}

/** On what a publisher may publish. Plain data: it may be kept beside the resume token. */
export interface PublishGrant {
  /** The stored key behind it, which may be revoked. Absent: nothing that can be taken back. */
  key?: KeyGrant | undefined;
  /** Viewers of what is published under it need a token. */
  playback?: 'private' | undefined;
  /** Web origins whose pages may play it. */
  playbackOrigins?: readonly string[] | undefined;
}

/** Whether a grant stands still. */
export type GrantCheck = (grant: PublishGrant) => boolean;
