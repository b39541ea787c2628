import { expect } from 'chai';
import { count, formatCompact, formatDuration, formatElapsed } from '../../../widget/elements/format.js';
import { endedText, keptText } from '../../../widget/elements/texts.js';

describe('format', () => {
  it('counts time up', () => {
    expect([-1, 0, 7.9, 754, 3723].map(formatElapsed)).to.deep.equal([
      '0:00',
      '0:00',
      '0:07',
      '12:34',
      '1:02:03',
    ]);
  });

  it('spells durations', () => {
    expect([0, 1, 60, 192, 3600, 3900].map(formatDuration)).to.deep.equal([
      '0 seconds',
      '1 second',
      '1 minute',
      '3 minutes 12 seconds',
      '1 hour',
      '1 hour 5 minutes',
    ]);
  });

  it('writes counts', () => {
    expect([987, 1234, 45_000].map(formatCompact)).to.deep.equal(['987', '1.2K', '45K']);
    expect([count(1, 'viewer'), count(0, 'viewer')]).to.deep.equal(['1 viewer', '0 viewers']);
  });

  it('says what a broadcaster needs to hear', () => {
    expect(keptText(4.2)).to.equal('Connection lost, you are still recorded here: 4 s kept');
    expect(endedText('stopped', 192)).to.equal('Stream ended after 3 minutes 12 seconds');
    expect(endedText('timed-out', 5)).to.equal(
      'Stream ended after 5 seconds: the connection was away for too long',
    );
  });
});
