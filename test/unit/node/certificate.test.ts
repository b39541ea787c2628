import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCertificate } from '../../../server/node/certificate.js';
import { makeSelfSigned } from '../../helpers/self-signed.js';

const { certificate: cert, key } = makeSelfSigned();

let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-certificate-'));
  await writeFile(path('cert.pem'), cert);
  await writeFile(path('key.pem'), key);
  await writeFile(path('other-key.pem'), makeSelfSigned().key);
  await writeFile(path('text'), 'not PEM');
});
afterAll(() => rm(folder, { recursive: true }));

describe('readCertificate', () => {
  it('reads both files', async () => {
    expect(await readCertificate({ certificate: path('cert.pem'), key: path('key.pem') })).toEqual({
      cert,
      key,
    });
  });

  it('reads nothing where neither is given', async () => {
    expect(await readCertificate({})).toBeUndefined();
    expect(await readCertificate({ certificate: '', key: '' })).toBeUndefined();
  });

  it.each([
    ['cert.pem', undefined, 'A certificate without a key: give both --certificate and --key'],
    [undefined, 'key.pem', 'A key without a certificate: give both'],
    ['none.pem', 'key.pem', /^The certificate '.*none\.pem' cannot be read: there is no such file\.$/],
    ['cert.pem', 'none.pem', /^The key '.*none\.pem' cannot be read: there is no such file\.$/],
    ['.', 'key.pem', 'cannot be read: it is a directory.'],
    ['text', 'key.pem', "text' is not a certificate in PEM format"],
    ['key.pem', 'key.pem', "key.pem' is not a certificate in PEM format"],
    ['cert.pem', 'text', "text' is not a private key in PEM format"],
    ['cert.pem', 'cert.pem', "cert.pem' is not a private key in PEM format"],
    ['cert.pem', 'other-key.pem', /^The key '.*other-key\.pem' is not that of the certificate '.*cert\.pem'/],
  ])('refuses certificate %s with key %s', async (certificate, keyFile, message) => {
    const files = { certificate: certificate && path(certificate), key: keyFile && path(keyFile) };
    await expect(readCertificate(files)).rejects.toThrow(message);
  });
});
