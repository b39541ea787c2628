import { expect } from 'chai';

describe('entries', () => {
  it('define nothing when the classes are imported', async () => {
    const { LiveBroadcaster, LivePlayer } = await import('../../../widget/index.js');
    expect(LiveBroadcaster).to.be.a('function');
    expect(LivePlayer).to.be.a('function');
    expect(customElements.get('live-broadcaster')).to.equal(undefined);
    expect(customElements.get('live-player')).to.equal(undefined);
  });

  it('define both elements when asked to, once', async () => {
    const { defineElements, LiveBroadcaster, LivePlayer } = await import('../../../widget/define.js');
    expect(customElements.get('live-broadcaster')).to.equal(LiveBroadcaster);
    expect(customElements.get('live-player')).to.equal(LivePlayer);
    expect(defineElements).not.to.throw();
  });

  it('take the script tag’s own server for the default backend', async () => {
    await import('../../../widget/script.js');
    const { resolveBackend } = await import('../../../widget/backend-url.js');
    expect(resolveBackend().playbackUrl('a')).to.equal(
      new URL('../../../widget/livestream/a/stream.m3u8', import.meta.url).href,
    );
  });
});
