import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { until } from '../../support/until.ts';
import { endProgram, type CommandEnd, type Host } from './host.ts';

/** Where Debian has the plugins of the containernetworking project. */
export const debianPlugins = '/usr/lib/cni';

/** The plugins that the tests of pods need. */
export const podPlugins = ['bridge', 'host-local', 'portmap'].map((name) => `${debianPlugins}/${name}`);

type Document = Readonly<Record<string, unknown>>;

interface PluginList extends Document {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly (Document & { readonly type: string })[];
}

interface PodOptions {
  /** The directories with plugins. */
  readonly plugins?: readonly string[];
  /** What the container runtime configures, by capability. */
  readonly runtime?: Document;
}

/** A network namespace that a CNI list connects, as a container runtime uses the list. */
export class Pod {
  readonly #host: Host;
  readonly #holder: ReturnType<Host['start']>;
  readonly #pid: number;
  readonly #list: PluginList;
  readonly #options: Required<PodOptions>;
  readonly #id: string;
  #result: Document | undefined;

  private constructor(
    host: Host,
    holder: ReturnType<Host['start']>,
    pid: number,
    list: PluginList,
    options: Required<PodOptions>,
  ) {
    this.#host = host;
    this.#holder = holder;
    this.#pid = pid;
    this.#list = list;
    this.#options = options;
    this.#id = `pod-${pid}`;
  }

  /** Starts a pod, and connects it with each plugin of the list in the file, in order. */
  static async start(host: Host, listFile: string, options: PodOptions = {}): Promise<Pod> {
    const list = JSON.parse(await host.sh(`cat ${listFile}`)) as PluginList;
    const holder = host.start(
      ['unshare', '--net', 'sh', '-c', 'ip link set lo up; echo $$; exec sleep infinity'],
      {
        seconds: 120,
      },
    );
    let printed = '';
    holder.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    const pid = await until('the pod to start', () => printed.endsWith('\n') && Number(printed));
    const pod = new Pod(host, holder, pid, list, { plugins: [debianPlugins], runtime: {}, ...options });
    for (const plugin of list.plugins) pod.#result = await pod.#call('ADD', plugin);
    return pod;
  }

  /** The addresses without their lengths, IPv4's first. */
  get addresses(): readonly string[] {
    const { ips = [] } = (this.#result ?? {}) as { readonly ips?: readonly { readonly address: string }[] };
    return ips
      .map(({ address }) => dirname(address))
      .sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
  }

  /** Starts a program in the pod. */
  start(command: readonly string[], options: { readonly seconds?: number } = {}): ReturnType<Host['start']> {
    return this.#host.start(['nsenter', '--target', String(this.#pid), '--net', ...command], options);
  }

  /** Runs shell text in the pod. */
  run(text: string): Promise<CommandEnd> {
    return this.#host.run(['nsenter', '--target', String(this.#pid), '--net', 'sh', '-ec', text]);
  }

  /** The MTU of eth0. */
  async mtu(): Promise<number> {
    const { stdout } = await this.run('ip -json link show dev eth0');
    const [link] = JSON.parse(stdout) as readonly [{ readonly mtu: number }];
    return link.mtu;
  }

  /** Disconnects the pod with each plugin, the last one first, and ends it. */
  async end(): Promise<void> {
    for (const plugin of this.#list.plugins.toReversed()) await this.#call('DEL', plugin);
    endProgram(this.#holder);
    await this.#holder;
  }

  async #call(command: 'ADD' | 'DEL', plugin: PluginList['plugins'][number]): Promise<Document> {
    const { type, capabilities } = plugin as { readonly type: string; readonly capabilities?: Document };
    const wanted = Object.entries(this.#options.runtime).filter(([name]) => capabilities?.[name] === true);
    const input = {
      ...plugin,
      name: this.#list.name,
      cniVersion: this.#list.cniVersion,
      ...(wanted.length > 0 && { runtimeConfig: Object.fromEntries(wanted) }),
      ...(this.#result && { prevResult: this.#result }),
    };
    const program = await this.#host.sh(
      `for d in ${this.#options.plugins.join(' ')}; do [ ! -x "$d/${type}" ] || { echo "$d/${type}"; exit; }; done`,
    );
    assert.equal(basename(program), type, `the plugin ${type} is not there`);
    const ran = await this.#host.run([program], {
      input: JSON.stringify(input),
      environment: {
        PATH: process.env['PATH'] ?? '',
        CNI_COMMAND: command,
        CNI_CONTAINERID: this.#id,
        CNI_NETNS: `/proc/${this.#pid}/ns/net`,
        CNI_IFNAME: 'eth0',
        CNI_PATH: this.#options.plugins.join(':'),
      },
    });
    assert.equal(ran.exitCode, 0, `${command} of ${type}: ${ran.stdout}${ran.stderr}`);
    return command === 'ADD' ? (JSON.parse(ran.stdout) as Document) : {};
  }
}
