import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

import { PlainFileError } from '../../../host/files/plain-file-error.ts';
import { readNamedFile } from '../../../host/files/plain-file.ts';
import { explainError } from '../../../host/system-error.ts';
import { StoreError } from '../../store.ts';
import type { EtcdUser, TlsFiles } from '../options.ts';

/** The largest file with a password, and the largest one with certificates or a key, in bytes. A bundle of all authorities has 200 KiB. */
const largest = { password: 64 << 10, pem: 4 << 20 };

/** The content of the TLS files, as PEM. Undefined if Node's own authorities suffice and no certificate is needed. */
export interface TlsCredentials {
  readonly authorities: Buffer | undefined;
  readonly identity: { readonly certificate: Buffer; readonly key: Buffer } | undefined;
}

/** A user and the password itself. */
export interface Login {
  readonly name: string;
  readonly password: string;
}

/** Reads the password if it is in a file. Throws a {@link StoreError} that names the file. */
export function readLogin(user: EtcdUser): Login {
  if ('password' in user) return user;
  const { name, passwordFile } = user;
  const refuse = (reason: string, cause?: unknown): StoreError =>
    new StoreError(`cannot use ${passwordFile} for the password of the etcd user ${name}: ${reason}`, {
      retryable: false,
      hint: 'give a file that contains the password in one line',
      cause,
    });
  let text: string;
  try {
    text = readNamedFile(passwordFile, largest.password).bytes.toString('utf8');
  } catch (error) {
    throw refuse(describeUnread(error), error);
  }
  const password = text.replace(/\r?\n$/, '');
  if (password === '') throw refuse('it is empty');
  if (/[\r\n]/.test(password)) throw refuse('it has several lines');
  return { name, password };
}

/**
 * Reads the TLS files, and checks that TLS can use them and that the key belongs to the certificate. Throws a {@link StoreError} that names
 * the file.
 */
export function readTlsCredentials({ caFile, certFile, keyFile }: TlsFiles): TlsCredentials {
  const authorities = caFile === undefined ? undefined : readCertificates(caFile);
  if (certFile === undefined || keyFile === undefined) return { authorities, identity: undefined };
  const [certificate, key] = [readCertificates(certFile), readPem(keyFile)];
  requireUsable(keyFile, () => createSecureContext({ key }));
  requireUsable(`${certFile} with the key ${keyFile}`, () => createSecureContext({ cert: certificate, key }));
  return { authorities, identity: { certificate, key } };
}

const certificateBlock = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/**
 * Reads and checks a file of certificates. TLS itself skips unreadable certificates, and accepts a file without any, but then trusts no
 * member.
 */
function readCertificates(path: string): Buffer {
  const pem = readPem(path);
  const certificates = pem.toString('latin1').match(certificateBlock);
  if (certificates === null) throw unusable(path, 'it does not contain a certificate in PEM form', undefined);
  for (const certificate of certificates) requireUsable(path, () => new X509Certificate(certificate));
  return pem;
}

function readPem(path: string): Buffer {
  try {
    return readNamedFile(path, largest.pem).bytes;
  } catch (error) {
    throw unusable(path, describeUnread(error), error);
  }
}

/** The reason why a file was not read, as a clause. */
function describeUnread(error: unknown): string {
  return error instanceof PlainFileError ? `it ${error.reason}` : explainError(error);
}

function requireUsable(what: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw unusable(what, tlsReason(error), error);
  }
}

/** The text of an OpenSSL error without its numbers: `error:0B080074:x509 certificate routines::key values mismatch`. */
function tlsReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^error:[\dA-F]+:/, '').replaceAll('::', ': ');
}

function unusable(what: string, reason: string, cause: unknown): StoreError {
  return new StoreError(`cannot use ${what} for TLS with etcd: ${reason}`, {
    retryable: false,
    hint: 'check the files given with --etcd-cafile, --etcd-certfile and --etcd-keyfile',
    cause,
  });
}
