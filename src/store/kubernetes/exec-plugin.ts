import type { Authenticator } from '@kubernetes/client-node/dist/auth.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { spawn, type ChildProcess } from 'node:child_process';
import type { RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { describeFailedStart } from '../../host/run-program.ts';

/** The name under which the user of a kubeconfig file keeps its plugin for this module. */
export const pluginProvider = 'heddle-exec-plugin';

/** A program that prints credentials: `exec` of a user in a kubeconfig file. */
interface ExecPlugin {
  readonly command?: unknown;
  readonly args?: unknown;
  readonly env?: unknown;
}

/** The credentials that a plugin printed. */
interface Credential {
  readonly token: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** The end of their life, in milliseconds since the epoch. Infinity if the plugin does not tell it. */
  readonly endsAt: number;
}

/**
 * Runs a plugin, `$@`, until its end or the end of stdin, whichever comes first. This process holds the other end of stdin, so the kernel
 * ends stdin with this process, however it ends. The shell leads a process group of its own.
 */
const script = `
exec 3<&0 </dev/null
{ read -r _ <&3; trap "" TERM; kill -TERM 0; sleep 1; kill -KILL 0; } >/dev/null 2>&1 &
watcher=$!
"$@" 3<&-
status=$?
kill "$watcher"
exit "$status"
`;

/**
 * Runs the plugin of a kubeconfig file as kubectl does. The library could run it, but would leave a plugin that hangs behind. Here the
 * plugin and its children get SIGTERM when the store is closed or this process ends, and SIGKILL a second later.
 */
export class PluginAuthenticator implements Authenticator {
  readonly #closed: AbortSignal;
  #credential: Credential | undefined;

  /** @param closed aborted when no credential is needed any more */
  constructor(closed: AbortSignal) {
    this.#closed = closed;
  }

  isAuthProvider(user: User): boolean {
    const provider = user.authProvider as { readonly name?: unknown } | null | undefined;
    return provider?.name === pluginProvider;
  }

  /** Adds the credentials to a request. Throws an error with the plugin's words. */
  async applyAuthentication(user: User, options: RequestOptions): Promise<void> {
    const { config: plugin } = user.authProvider as { readonly config: ExecPlugin };
    if (this.#credential === undefined || this.#credential.endsAt <= Date.now())
      this.#credential = await this.#run(plugin);
    const { token, certificate, key } = this.#credential;
    if (certificate !== undefined) options.cert = certificate;
    if (key !== undefined) options.key = key;
    if (token === undefined) return;
    options.headers = Object.assign({}, options.headers, { Authorization: `Bearer ${token}` });
  }

  async #run({ command, args, env }: ExecPlugin): Promise<Credential> {
    if (typeof command !== 'string' || command === '') throw new Error('the plugin (exec) has no command');
    const child = spawn('/bin/sh', ['-c', script, 'sh', command, ...readWords(args)], {
      detached: true,
      env: { ...process.env, ...readVariables(env) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const end = (): void => void child.stdin.destroy();
    this.#closed.addEventListener('abort', end, { once: true });
    if (this.#closed.aborted) end();
    try {
      const [stdout, stderr, status] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        ended(child),
      ]);
      if (status !== 0) throw new Error(stderr.trim() || `${command} failed without a word`);
      return readCredential(stdout, command);
    } finally {
      this.#closed.removeEventListener('abort', end);
      end();
    }
  }
}

/** The exit status of a plugin; null after a signal. */
function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(describeFailedStart('/bin/sh', error), { cause: error })),
    );
    child.once('close', resolve);
  });
}

function readWords(args: unknown): string[] {
  return Array.isArray(args) ? args.map(String) : [];
}

function readVariables(env: unknown): Record<string, string> {
  if (!Array.isArray(env)) return {};
  const entries = (env as ({ readonly name?: unknown; readonly value?: unknown } | null)[]).flatMap(
    (variable) => (typeof variable?.name === 'string' ? [[variable.name, String(variable.value)]] : []),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Reads an ExecCredential of the Kubernetes API. Throws an error for another text. */
function readCredential(output: string, command: string): Credential {
  let printed: { readonly status?: unknown } | null;
  try {
    printed = JSON.parse(output) as typeof printed;
  } catch (error) {
    throw new Error(`${command} did not print JSON`, { cause: error });
  }
  const status = printed?.status;
  if (typeof status !== 'object' || status === null) throw new Error(`${command} printed no credentials`);
  const fields = status as Readonly<Record<string, unknown>>;
  const field = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const end = field('expirationTimestamp');
  return {
    token: field('token'),
    certificate: field('clientCertificateData'),
    key: field('clientKeyData'),
    endsAt: end === undefined ? Infinity : Date.parse(end),
  };
}
