import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveBackend, setDefaultBackendUrl } from '../../../widget/backend-url.js';

describe('resolveBackend', () => {
  beforeEach(() => {
    vi.stubGlobal('location', { origin: 'https://page.example', href: 'https://page.example/blog/post' });
  });

  afterEach(() => {
    setDefaultBackendUrl(undefined);
    vi.unstubAllGlobals();
  });

  it('is the origin of the page by default', () => {
    const backend = resolveBackend();
    expect(backend.socketUrl).toBe('wss://page.example/livestream/ws');
    expect(backend.playbackUrl('abc')).toBe('https://page.example/livestream/abc/stream.m3u8');
  });

  it('is the default backend where one was set, unless one is named', () => {
    setDefaultBackendUrl('https://script.example/');
    expect(resolveBackend().socketUrl).toBe('wss://script.example/livestream/ws');
    expect(resolveBackend('http://localhost:3001').socketUrl).toBe('ws://localhost:3001/livestream/ws');
  });

  it.each(['https://host.example/live', 'https://host.example/live/', 'wss://host.example/live?x=1#y'])(
    'may lie under a path: %s',
    (url) => {
      expect(resolveBackend(url).socketUrl).toBe('wss://host.example/live/livestream/ws');
      expect(resolveBackend(url).playbackUrl('a')).toBe('https://host.example/live/livestream/a/stream.m3u8');
    },
  );

  it('may be relative to the page', () => {
    expect(resolveBackend('/live').socketUrl).toBe('wss://page.example/live/livestream/ws');
  });

  it('takes playback alone from a CDN', () => {
    const backend = resolveBackend('https://host.example', 'https://cdn.example/x');
    expect(backend.socketUrl).toBe('wss://host.example/livestream/ws');
    expect(backend.playbackUrl('a')).toBe('https://cdn.example/x/livestream/a/stream.m3u8');
  });

  it('refuses other addresses by name', () => {
    expect(() => resolveBackend('rtmp://host.example')).toThrow(
      '"rtmp://host.example" is no backend address',
    );
  });
});
