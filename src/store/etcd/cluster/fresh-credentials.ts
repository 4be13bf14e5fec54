import { stat } from 'node:fs/promises';
import { readLogin, readTlsCredentials, type Login, type TlsCredentials } from './credentials.ts';
import type { EtcdStoreOptions, EtcdUser, TlsFiles } from '../options.ts';

/** The shortest time between two checks of the files, in milliseconds. */
const lookEveryMs = 1000;

/** The credentials of one moment. A new object means new credentials. */
export interface Credentials {
  readonly tls: TlsCredentials;
  readonly login: Login | undefined;
}

type CredentialOptions = TlsFiles & { readonly user?: EtcdUser | undefined };

/**
 * Credentials from files that may be replaced while a daemon runs, as certificates are before they expire. If new files cannot be used, for
 * example because only one of two has been written, the last good ones stay in use.
 */
export class FreshCredentials {
  readonly #options: CredentialOptions;
  #last: Credentials;
  /** The state of the files when {@link #last} was read. */
  #stamp: string;
  #lookedAt = performance.now();
  #looking: Promise<void> | undefined;

  private constructor(options: CredentialOptions, last: Credentials, stamp: string) {
    this.#options = options;
    this.#last = last;
    this.#stamp = stamp;
  }

  /** Reads the files. Throws a {@link StoreError} that names the unusable file. */
  static async read(options: EtcdStoreOptions): Promise<FreshCredentials> {
    const stamp = await stampOf(options);
    return new FreshCredentials(options, readAll(options), stamp);
  }

  /** The credentials in the files, as of a second ago at most. */
  async current(): Promise<Credentials> {
    if (performance.now() - this.#lookedAt >= lookEveryMs) await this.look();
    return this.#last;
  }

  /** The credentials in the files now. */
  async look(): Promise<Credentials> {
    this.#looking ??= this.#read().finally(() => (this.#looking = undefined));
    await this.#looking;
    return this.#last;
  }

  async #read(): Promise<void> {
    this.#lookedAt = performance.now();
    const stamp = await stampOf(this.#options);
    if (stamp === this.#stamp) return;
    try {
      this.#last = readAll(this.#options);
      this.#stamp = stamp;
    } catch {
      // The next look tries again.
    }
  }
}

function readAll(options: CredentialOptions): Credentials {
  const tls = readTlsCredentials(options);
  return { tls, login: options.user && readLogin(options.user) };
}

/** A text that differs when a file has been replaced or written. */
async function stampOf({ caFile, certFile, keyFile, user }: CredentialOptions): Promise<string> {
  const passwordFile = user !== undefined && 'passwordFile' in user ? user.passwordFile : undefined;
  const files = [caFile, certFile, keyFile, passwordFile].filter((file) => file !== undefined);
  const stamps = await Promise.all(files.map(stampOfFile));
  return stamps.join(' ');
}

async function stampOfFile(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'unreadable';
  }
}
