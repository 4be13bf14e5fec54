import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { Daemon, type LoggedEventOf } from '../harness/daemon.ts';
import { startHosts } from '../harness/host-set.ts';
import type { Host } from '../harness/host.ts';
import type { StoreDirectory } from '../harness/store-directory.ts';
import type { Cloud, CloudAnswer, CloudRequest, CloudRoute, CloudMachine } from './cloud.ts';
import { makeCertificate, nameHosts, openFront } from './front.ts';
import { RecordedPrograms } from './recorded-programs.ts';

/** A recipe of a cloud, and what its tests need. */
export interface CloudRecipe {
  /** The name of the recipe: `aws-vpc`. */
  readonly name: string;
  /** The paths of the programs that it calls. */
  readonly programs: readonly string[];
  start(): Promise<Cloud>;
}

/** The program's own name, for the PATH of a node: nothing of this machine's user is on it. */
const path = '/usr/sbin:/usr/bin:/sbin:/bin';

/** How often a daemon looks for drift: not at all in a test that does not name another interval, since a call costs a second of CPU. */
const checkIntervalSeconds = 3600;

/** A machine of the cloud with a daemon, for a network of its own or of the lab. */
export class CloudNode {
  readonly host: Host;
  machine: CloudMachine;
  readonly daemons: Daemon[] = [];

  constructor(host: Host, machine: CloudMachine) {
    this.host = host;
    this.machine = machine;
  }

  get daemon(): Daemon {
    const daemon = this.daemons.at(-1);
    if (daemon === undefined) throw new Error('this node has no daemon');
    return daemon;
  }

  /** The subnet of its last lease: `10.50.1.0/24`. */
  async subnet(): Promise<string> {
    const text = await this.host.sh('. /run/subnet.env; echo "$FLANNEL_SUBNET"');
    return text.trim().replace(/\.1\//, '.0/');
  }
}

/** Nodes in segments of their own, and between them a router that forwards by the table of a cloud. */
export class CloudLab {
  readonly cloud: Cloud;
  readonly nodes: readonly CloudNode[];
  readonly #recipe: CloudRecipe;
  readonly #router: Host;
  readonly #programs: RecordedPrograms;
  readonly #certificate: string;
  /** The wrong answer of the metadata service to a request; undefined for the right one. */
  metadataFault: (request: CloudRequest) => CloudAnswer | undefined = () => undefined;
  #applied: readonly CloudRoute[] = [];
  #applying: Promise<void> = Promise.resolve();

  private constructor(
    recipe: CloudRecipe,
    cloud: Cloud,
    router: Host,
    nodes: readonly CloudNode[],
    files: { readonly programs: RecordedPrograms; readonly certificate: string },
  ) {
    this.#recipe = recipe;
    this.cloud = cloud;
    this.#router = router;
    this.nodes = nodes;
    this.#programs = files.programs;
    this.#certificate = files.certificate;
  }

  /** Starts a cloud and its machines. All is gone when the test is over. */
  static async start(t: TestContext, recipe: CloudRecipe, count: number): Promise<CloudLab> {
    const directory = temporaryDirectory(t);
    const cloud = await recipe.start();
    t.after(() => cloud.close?.());
    const set = await startHosts(Array.from({ length: count }, (_, index) => index + 1));
    t.after(() => set.close());
    const nodes: CloudNode[] = [];
    for (const host of set.hosts) {
      const mac = await host.sh('cat /sys/class/net/eth0/address');
      nodes.push(new CloudNode(host, await cloud.addMachine(host.publicIp, mac.trim())));
    }
    const certificate = await makeCertificate(directory, cloud.apiHosts);
    const programs = new RecordedPrograms(directory, recipe.programs);
    const lab = new CloudLab(recipe, cloud, set.router, nodes, { programs, certificate: certificate.file });
    const api = { host: set.router, address: set.router.publicIp, port: 443 };
    const answer = (request: CloudRequest) => lab.#answer(request);
    const front = await openFront(api, { directory, certificate, answer });
    t.after(() => front.close());
    for (const node of nodes) await lab.#connect(t, node, directory);
    return lab;
  }

  /** Runs a daemon on a node, with the cloud's environment unless another one is given. */
  up(
    node: CloudNode,
    store: StoreDirectory,
    options: readonly string[] = [],
    environment = this.cloud.environment,
  ): Daemon {
    const { certificateVariable: variable } = this.cloud;
    const daemon = new Daemon(
      node.host,
      [
        ...['--recipe', this.#recipe.name, '--store-dir', store.path],
        ...(options.includes('--check-interval') ? [] : ['--check-interval', String(checkIntervalSeconds)]),
        ...(variable === undefined ? [] : ['--pass-env', variable]),
        ...this.cloud.options,
        ...options,
      ],
      {
        environment: {
          ...environment,
          PATH: `${this.#programs.folder}:${path}`,
          HOME: '/run/state',
          ...(variable !== undefined && { [variable]: this.#certificate }),
        },
        seconds: 300,
        through: this.#programs.through(),
      },
    );
    node.daemons.push(daemon);
    return daemon;
  }

  /**
   * Kills the daemon of a node, and its strace before: a strace whose program is killed while it starts another one may not end, and would
   * hold the daemon's stderr. It has written each line at once.
   */
  async kill({ host, daemon }: CloudNode): Promise<void> {
    const [{ pid }] = daemon.all('started') as [LoggedEventOf<'started'>];
    const tracer = await host.sh(`awk '$1 == "TracerPid:" { print $2 }' /proc/${pid}/status`);
    await host.sh(`kill -KILL ${tracer.trim()}`);
    await daemon.kill();
  }

  /** Applies the cloud's table to the router, after a test has changed it. */
  async apply(): Promise<void> {
    this.#applying = this.#applying.then(() => this.#applyNow());
    await this.#applying;
  }

  /** Waits until the table has exactly these routes, and no others. */
  async untilRoutes(what: string, routes: readonly CloudRoute[]): Promise<void> {
    const wanted = sorted(routes);
    await until(
      what,
      async () => isDeepStrictEqual(sorted(await this.cloud.routes()), wanted),
      async () =>
        [
          JSON.stringify(sorted(await this.cloud.routes())),
          `instead of ${JSON.stringify(wanted)}`,
          ...this.nodes.flatMap(({ daemons }) => daemons.slice(-1).map((daemon) => daemon.describe())),
        ].join('\n'),
    );
  }

  /** Whether the pod of a node reaches another node's pod, with packets of the interface's MTU. */
  async reaches(from: CloudNode, to: CloudNode): Promise<boolean> {
    for (const node of [from, to]) await ensurePod(node);
    const [source, destination] = [podAddress(await from.subnet()), podAddress(await to.subnet())];
    const ran = await from.host.run([
      ...['ping', '-c', '1', '-W', '5', '-M', 'do', '-s', '1472', '-I', source, destination],
    ]);
    return ran.exitCode === 0;
  }

  /** The calls of the API since `count` of them. */
  callsSince(count: number): readonly string[] {
    return this.cloud.calls.slice(count).map(({ name }) => name);
  }

  secretsIn(text: string): readonly string[] {
    return this.cloud.secrets.filter((secret) => text.includes(secret));
  }

  /** The programs of the recipe that no process has run. */
  unseenPrograms(): readonly string[] {
    return this.#programs.unseen;
  }

  /** Every secret that showed in an argument vector or in a log. */
  shownSecrets(): readonly string[] {
    const logs = this.nodes.flatMap(({ daemons }) =>
      daemons.map((daemon) => `${JSON.stringify(daemon.events)}${daemon.describe()}`),
    );
    return this.secretsIn([this.#programs.vectors, ...logs].join('\n'));
  }

  async #connect(t: TestContext, node: CloudNode, directory: string): Promise<void> {
    const { address, hosts } = this.cloud.metadata;
    const front = await openFront(
      { host: node.host, address, port: 80 },
      {
        directory,
        answer: (request) => this.metadataFault(request) ?? this.cloud.answerMetadata(request, node.machine),
      },
    );
    t.after(() => front.close());
    for (const file of this.cloud.certificateFiles ?? []) {
      await node.host.sh(`mount --bind ${this.#certificate} ${file}`);
    }
    await nameHosts(node.host, directory, [
      ...hosts.map((name) => [address, name] as const),
      ...this.cloud.apiHosts.map((name) => [this.#router.publicIp, name] as const),
    ]);
  }

  async #answer(request: CloudRequest) {
    const answer = await this.cloud.answer(request);
    if (this.cloud.calls.at(-1)?.writes === true) await this.apply();
    return answer;
  }

  async #applyNow(): Promise<void> {
    const routes = (await this.cloud.routes()).filter(({ destination }) => !destination.startsWith('0.'));
    const gone = this.#applied.filter(
      ({ destination }) => !routes.some((r) => r.destination === destination),
    );
    const lines = [
      ...gone.map(({ destination }) => `route delete ${destination} proto 200`),
      ...routes.map(({ destination, via }) =>
        via === undefined
          ? `route replace blackhole ${destination} proto 200`
          : `route replace ${destination} via ${via} proto 200`,
      ),
    ];
    this.#applied = routes;
    const ran = await this.#router.run(['ip', '-force', '-batch', '-'], {
      input: lines.map((line) => `${line}\n`).join(''),
    });
    if (ran.exitCode !== 0) throw new Error(`the router refused a route: ${ran.stderr}${lines.join('\n')}`);
  }
}

function sorted(routes: readonly CloudRoute[]): readonly CloudRoute[] {
  return routes
    .map(({ destination, via }) => ({ destination, via }))
    .sort((a, b) => a.destination.localeCompare(b.destination));
}

const podAddress = (subnet: string): string => subnet.replace(/\.0\/.*/, '.1');

/** The node itself stands in for a pod: its packets have an address of the subnet. */
async function ensurePod(node: CloudNode): Promise<void> {
  const address = podAddress(await node.subnet());
  await node.host.sh(`
    ip link show dev pods >/dev/null 2>&1 || ip link add pods type bridge
    ip link set pods up
    [ -n "$(ip address show dev pods to ${address})" ] || ip address add ${address}/24 dev pods
  `);
}
