import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TemporaryDirectory } from '../../support/temporary-directory.ts';

const run = promisify(execFile);

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of a test's own, in a directory of its own, and what it signs. */
export class Authority {
  readonly caFile: string;
  readonly #directory = new TemporaryDirectory();

  private constructor() {
    this.caFile = this.#file('ca.crt');
  }

  static async make(): Promise<Authority> {
    const authority = new Authority();
    await authority.#request('ca', ['-addext', 'basicConstraints=critical,CA:TRUE']);
    return authority;
  }

  /** @param alternatives like `IP:127.0.0.1` or `DNS:etcd.example` */
  async issue(name: string, alternatives: readonly string[] = []): Promise<CertificateFiles> {
    const extensions = ['basicConstraints=critical,CA:FALSE'];
    if (alternatives.length > 0) extensions.push(`subjectAltName=${alternatives.join(',')}`);
    return this.#request(name, [
      ...['-CA', this.caFile, '-CAkey', this.#file('ca.key')],
      ...extensions.flatMap((extension) => ['-addext', extension]),
    ]);
  }

  destroy(): void {
    this.#directory.remove();
  }

  #file(name: string): string {
    return join(this.#directory.path, name);
  }

  async #request(name: string, options: readonly string[]): Promise<CertificateFiles> {
    const [certFile, keyFile] = [this.#file(`${name}.crt`), this.#file(`${name}.key`)];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-out', certFile];
    await run('openssl', ['req', '-x509', ...key, ...subject, ...options]);
    return { certFile, keyFile };
  }
}
