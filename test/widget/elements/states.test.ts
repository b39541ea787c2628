import { expect } from 'chai';
import type { PublishState } from '../../../widget/controllers/livestream-socket.js';
import { broadcasterState } from '../../../widget/elements/broadcaster-state.js';
import { playerState } from '../../../widget/elements/player-state.js';

describe('states', () => {
  const facts = { status: undefined, failed: false, hasFrame: false, playing: false };

  it('of a player follow the stream', () => {
    expect(playerState(facts)).to.equal('connecting');
    for (const status of ['waiting', 'live', 'reconnecting', 'ended'] as const)
      expect(playerState({ ...facts, status })).to.equal(status);
    expect(playerState({ ...facts, status: 'live', failed: true })).to.equal('error');
  });

  it('of a player show a stream that ended to its last frame', () => {
    expect(playerState({ ...facts, status: 'ended', hasFrame: true, playing: true })).to.equal('live');
    expect(playerState({ ...facts, status: 'ended', hasFrame: true })).to.equal('ended');
  });

  it('of a broadcaster follow publishing', () => {
    const expected: Record<PublishState, string> = {
      idle: 'preview',
      connecting: 'starting',
      starting: 'starting',
      live: 'live',
      reconnecting: 'reconnecting',
      stopping: 'stopping',
      ended: 'preview',
    };
    for (const [state, shown] of Object.entries(expected))
      expect(broadcasterState(state as PublishState, true), state).to.equal(shown);
    expect(broadcasterState('idle', false)).to.equal('idle');
  });
});
