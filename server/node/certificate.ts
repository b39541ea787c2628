import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Where a server's certificate is, as paths of PEM files. */
export interface CertificateFiles {
  /** The certificate, followed by those of its chain. */
  certificate?: string | undefined;
  /** Its private key, without a passphrase. */
  key?: string | undefined;
}

/** What a TLS server is created with. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * Reads the files, if they are given, and looks whether they belong together.
 * @throws Error naming the file, or the option that is missing
 */
export async function readCertificate(files: CertificateFiles): Promise<Certificate | undefined> {
  const { certificate, key } = files;
  if (!certificate && !key) return undefined;
  if (!certificate || !key) {
    const [given, missing] = certificate ? ['certificate', 'key'] : ['key', 'certificate'];
    throw new Error(
      `A ${given} without a ${missing}: give both --certificate and --key, for HTTPS, or neither, for HTTP.`,
    );
  }
  const [certPem, keyPem] = await Promise.all([read('certificate', certificate), read('key', key)]);
  if (!parseCertificate(certPem, certificate).checkPrivateKey(parseKey(keyPem, key))) {
    throw new Error(
      `The key '${key}' is not that of the certificate '${certificate}'; give the one made with it.`,
    );
  }
  return { cert: certPem, key: keyPem };
}

async function read(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reasons: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'this user may not read it',
      EISDIR: 'it is a directory',
    };
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`The ${what} '${path}' cannot be read: ${reasons[code ?? ''] ?? message}.`, {
      cause: error,
    });
  }
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error(`'${path}' is not a certificate in PEM format (-----BEGIN CERTIFICATE-----).`, {
      cause: error,
    });
  }
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(
      `'${path}' is not a private key in PEM format (-----BEGIN PRIVATE KEY-----) without a passphrase.`,
      { cause: error },
    );
  }
}
