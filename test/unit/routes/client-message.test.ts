import { describe, expect, it } from 'vitest';
import { parseClientMessage } from '../../../server/routes/client-message.js';

describe('parseClientMessage', () => {
  it('reads a start-stream with everything', () => {
    const message = {
      type: 'start-stream',
      ...{ streamId: 'my_stream-1', userId: 'u', token: 't', title: 'Title' },
      format: { kind: 'container', mimeType: 'video/webm;codecs=h264,opus' },
      resume: { token: 'r', from: 1, kept: 2 },
    };
    expect(parseClientMessage(JSON.stringify(message))).toEqual(message);
  });

  it('leaves out what it does not know', () => {
    expect(parseClientMessage('{"type":"leave-stream","streamId":"a","__proto__":{"x":1},"more":2}')).toEqual(
      {
        type: 'leave-stream',
        streamId: 'a',
      },
    );
  });

  it.each([
    ['{', 'not valid JSON'],
    ['null', 'must be a JSON object'],
    ['[]', 'must be a JSON object'],
    ['"start-stream"', 'must be a JSON object'],
    ['{}', 'type is missing'],
    ['{"type":"dance"}', 'type "dance" is unknown'],
    ['{"type":"join-stream"}', 'streamId is missing'],
    ['{"type":"join-stream","streamId":"../x"}', 'streamId "../x" must be 1 to 64'],
    ['{"type":"join-stream","streamId":7}', 'streamId must be a string'],
    [`{"type":"join-stream","streamId":"${'a'.repeat(65)}"}`, '1 to 64'],
    ['{"type":"start-stream","streamId":"a","format":{}}', 'format.kind is missing'],
    ['{"type":"start-stream","streamId":"a","format":7}', 'format'],
    ['{"type":"start-stream","streamId":"a","resume":{"token":""}}', 'resume.token'],
    ['{"type":"start-stream","streamId":"a","resume":{"token":"r","kept":-1}}', 'resume.kept'],
    ['{"type":"start-stream","streamId":"a","resume":{"token":"r","kept":1.5}}', 'resume.kept'],
    ['{"type":"start-stream","streamId":"a","resume":{"token":"r","kept":"1"}}', 'resume.kept'],
  ])('refuses %s', (text, reason) => {
    expect(() => parseClientMessage(text)).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE', message: expect.stringContaining(reason) }),
    );
  });

  it.each(['smoke', 'pictures'])('knows that the format %s is one that is not served', (kind) => {
    const text = JSON.stringify({ type: 'start-stream', streamId: 'a', format: { kind } });
    expect(() => parseClientMessage(text)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FORMAT', message: expect.stringContaining(kind) }),
    );
  });

  it('refuses text beyond its bound', () => {
    expect(() => parseClientMessage(' '.repeat(65_537))).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    );
  });
});
