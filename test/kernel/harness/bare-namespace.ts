import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createOneShotShell } from '../../../src/shell/one-shot-shell.ts';
import type { Shell } from '../../../src/shell/shell.ts';
import { endChild } from '../../support/end-child.ts';
import { until } from '../../support/until.ts';

/** A network namespace with a `/run` of its own, and nothing else. */
export class BareNamespace {
  readonly #holder: ChildProcess;
  readonly #servers: ChildProcess[] = [];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async make(): Promise<BareNamespace> {
    const hold = 'mount -t tmpfs tmpfs /run && mkdir /run/wireguard && echo && exec sleep 600';
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', hold], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let isMade = false;
    holder.stdout.once('data', () => (isMade = true));
    const namespace = new BareNamespace(holder);
    await until('the namespace is made', () => isMade).catch(async (error: unknown) => {
      await namespace.end();
      throw error;
    });
    return namespace;
  }

  /** A shell whose commands run here. */
  get shell(): Shell {
    return createOneShotShell({
      program: { file: 'nsenter', name: 'nsenter', arguments: [...this.#entry, 'sh'] },
    });
  }

  /** Runs shell text that has to succeed; returns what it prints. */
  run(text: string, environment: Readonly<Record<string, string>> = {}, input = ''): string {
    return execFileSync('nsenter', [...this.#entry, 'sh', '-ec', text], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
      input,
    });
  }

  /** Starts a program that serves until the end. */
  serve(program: string, ...words: readonly string[]): void {
    this.#servers.push(spawn('nsenter', [...this.#entry, program, ...words], { stdio: 'ignore' }));
  }

  async end(): Promise<void> {
    for (const server of this.#servers) await endChild(server, 'SIGKILL');
    await endChild(this.#holder, 'SIGKILL');
  }

  get #entry(): readonly string[] {
    const directory = `/proc/${this.#holder.pid}/ns`;
    return [`--net=${directory}/net`, `--mount=${directory}/mnt`];
  }
}
