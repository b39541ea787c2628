/** What both elements say. */
import type { StopReason } from '../../server/protocol.js';
import type { BroadcasterState } from './broadcaster-state.js';
import { count, formatDuration } from './format.js';
import type { PlayerState } from './player-state.js';

/** A heading and what stands below it. */
export interface Notice {
  title: string;
  text: string;
}

export const playerTexts: Record<PlayerState, Notice> = {
  connecting: { title: 'Connecting', text: '' },
  waiting: {
    title: 'Waiting for the stream to start',
    text: 'Leave this page open. It begins by itself.',
  },
  live: { title: 'Live', text: '' },
  reconnecting: {
    title: 'The broadcaster’s connection is lost',
    text: 'The picture comes back by itself.',
  },
  ended: { title: 'The stream has ended', text: 'Thank you for watching.' },
  error: { title: 'This stream cannot be played', text: '' },
};

export const offlineText: Notice = {
  title: 'You are offline',
  text: 'The picture comes back with your connection.',
};

export const broadcasterTexts: Record<BroadcasterState, Notice> = {
  idle: {
    title: 'Ready when you are',
    text: 'See yourself first. Nobody sees you until you go live.',
  },
  preview: { title: 'Preview', text: 'Nobody sees you yet.' },
  starting: { title: 'Going live', text: 'Connecting to the server.' },
  live: { title: 'You are live', text: '' },
  reconnecting: { title: 'Connection lost', text: '' },
  stopping: { title: 'Ending the stream', text: 'Sending the last seconds.' },
};

/**
 * What a broadcaster needs to hear while the connection is away.
 * @param seconds of the broadcast that are kept until it is back
 */
export function keptText(seconds: number): string {
  return `Connection lost, you are still recorded here: ${Math.round(seconds)} s kept`;
}

const stopTexts: Record<Exclude<StopReason, 'stopped'>, string> = {
  replaced: 'it was started again somewhere else',
  'timed-out': 'the connection was away for too long',
  failed: 'the server could not go on with it',
  shutdown: 'the server was shut down',
};

/**
 * @param seconds how long it was live
 */
export function endedText(reason: StopReason | undefined, seconds: number): string {
  const why = reason === undefined || reason === 'stopped' ? '' : `: ${stopTexts[reason]}`;
  return `Stream ended after ${formatDuration(seconds)}${why}`;
}

export function viewersText(viewers: number): string {
  return count(viewers, 'viewer');
}
