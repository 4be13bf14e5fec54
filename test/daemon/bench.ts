import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { inheritedEnvironment } from '../../src/contract/environment.ts';
import { CommandRunner } from '../../src/daemon/commands/command-runner.ts';
import { Waits } from '../../src/daemon/commands/waits.ts';
import { loadCniTemplate } from '../../src/daemon/setup/cni-template.ts';
import { OutageLog } from '../../src/daemon/lease/outage-log.ts';
import { factsOfPreparation } from '../../src/daemon/setup/node-facts.ts';
import type { UpOptions } from '../../src/daemon/setup/options.ts';
import type { Preparation } from '../../src/daemon/setup/prepare.ts';
import { publishNetwork } from '../../src/daemon/setup/publish-network.ts';
import type { HeddleEvent } from '../../src/event/event.ts';
import { chooseInterface, type ChosenInterface } from '../../src/host/interface/choose-interface.ts';
import type { Overlap } from '../../src/host/interface/find-overlap.ts';
import type { Link, LinkAddress } from '../../src/host/interface/ip-output.ts';
import type { HostInterfaces } from '../../src/host/interface/interface.ts';
import { encodeAttributes } from '../../src/lease/wire.ts';
import { parseAddress, type Family } from '../../src/network/cidr.ts';
import { decideNetwork } from '../../src/recipe-files/decide-network.ts';
import { loadRecipe, type LoadedRecipe } from '../../src/recipe-files/load-recipe.ts';
import { createOneShotShell } from '../../src/shell/one-shot-shell.ts';
import type { Shell } from '../../src/shell/shell.ts';
import { openFilesStore } from '../../src/store/files/store.ts';
import { pagesOf } from '../support/pages-of.ts';
import type { LeaseStore } from '../../src/store/store.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { fileOverlay } from './file-overlay.ts';

type EventName = HeddleEvent['event'];

/** An event of one name. */
type EventOf<Name extends EventName> = Extract<HeddleEvent, { readonly event: Name }>;

/** An interface that need not exist: no command of a test touches it. */
export const underlay: ChosenInterface = {
  name: 'weft0',
  mtu: 1500,
  addresses: { ipv4: '172.30.0.1', ipv6: undefined },
  hardwareAddress: '02:00:00:00:00:01',
  publicIp: '172.30.0.1',
  publicIpv6: undefined,
  because: 'the test chose it',
};

/** The wishes of an operator who gives no option for the interface. */
export const noWishes = {
  iface: [],
  ifaceRegex: [],
  ifaceCanReach: undefined,
  publicIp: undefined,
  publicIpv6: undefined,
} as const;

/** A lasting address of an interface, in a /24. */
export function linkAddress(text: string, changes: Partial<LinkAddress> = {}): LinkAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is not an address`);
  return { ...address, text, prefix: 24, lifetime: undefined, preferred: true, ...changes };
}

/** The same interface, as the kernel shows it. */
export const underlayLink: Link = {
  name: underlay.name,
  otherNames: [],
  mtu: underlay.mtu,
  up: true,
  loopback: false,
  kind: undefined,
  overIpv6: false,
  vxlan: undefined,
  hardwareAddress: '02:00:00:00:00:01',
  addresses: [linkAddress('172.30.0.1')],
};

/** The lease value of the node with address 172.30.0.`node`. */
export function leaseValue(node: number, data = `data-${node}`): string {
  const none = { publicIpv6: undefined, backendV6Data: undefined };
  return encodeAttributes({
    publicIp: `172.30.0.${node}`,
    backendType: 'extension',
    backendData: data,
    ...none,
  });
}

/** A store that does some things otherwise. */
export function changedStore(store: LeaseStore, changes: Partial<LeaseStore>): LeaseStore {
  const changed: LeaseStore = {
    description: store.description,
    readNetwork: () => store.readNetwork(),
    createNetwork: (text) => store.createNetwork(text),
    withdrawNetwork: (text) => store.withdrawNetwork(text),
    writeNetwork: (text) => store.writeNetwork(text),
    list: (options) => store.list(options),
    listPages: async function* () {
      yield* pagesOf(await changed.list());
    },
    readLease: (key) => store.readLease(key),
    watch: (cursor, signal) => store.watch(cursor, signal),
    create: (...given) => store.create(...given),
    replace: (...given) => store.replace(...given),
    remove: (previous) => store.remove(previous),
    discard: (key) => store.discard(key),
    close: () => store.close(),
    ...changes,
  };
  return changed;
}

/**
 * What a daemon has around it, in a temporary directory: a recipe file, a files store and a state directory, in which the commands of
 * `fileOverlay` note what they do. It keeps the events that it is told.
 */
export class Bench {
  readonly directory: string;
  readonly stateDirectory: string;
  readonly subnetFile: string;
  readonly storeDirectory: string;
  readonly events: HeddleEvent[] = [];
  /** What the kernel says of the interface. */
  link: Link | undefined = underlayLink;
  /** What of the host lies inside the overlay network. */
  overlap: Overlap | undefined;
  readonly #t: TestContext;

  constructor(t: TestContext) {
    this.#t = t;
    this.directory = temporaryDirectory(t);
    this.stateDirectory = join(this.directory, 'state');
    mkdirSync(this.stateDirectory, { mode: 0o700 });
    this.subnetFile = join(this.directory, 'run', 'subnet.env');
    this.storeDirectory = join(this.directory, 'store');
  }

  readonly emit = (event: HeddleEvent): void => {
    this.events.push(event);
  };

  /**
   * Writes a recipe, `overlay.json` unless named. Returns its path. A test that writes leases once its node has one gives the lowest subnet
   * that the node may take.
   */
  recipe(
    backend: object = fileOverlay,
    {
      name = 'overlay',
      network = '10.50.0.0/16',
      lowest,
    }: { name?: string; network?: string; lowest?: string } = {},
  ): string {
    const path = join(this.directory, `${name}.json`);
    writeFileSync(path, JSON.stringify({ Network: network, SubnetMin: lowest, Backend: backend }, null, 2));
    return path;
  }

  options(changes: Partial<UpOptions> = {}): UpOptions {
    return {
      recipe: join(this.directory, 'overlay.json'),
      recipeDirectory: undefined,
      parameters: [],
      watch: false,
      store: this.storeChoice,
      trustStoreCommands: false,
      allowOverlap: false,
      compile: 'on',
      stateDirectory: this.stateDirectory,
      subnetFile: this.subnetFile,
      interface: noWishes,
      nodeName: 'node1',
      leaseTtlSeconds: 86_400,
      renewMarginSeconds: 3600,
      checkIntervalSeconds: 3600,
      passEnvironment: [],
      probeIntervalSeconds: undefined,
      traffic: { masquerade: false, fullyRandom: true, forward: false },
      chainSuffix: '',
      blackholeRoute: false,
      cniList: undefined,
      trafficResyncSeconds: 5,
      onExit: 'shutdown',
      releaseLease: false,
      metricsAddress: undefined,
      page: undefined,
      healthz: undefined,
      ...changes,
    };
  }

  get storeChoice(): { readonly kind: 'files'; readonly directory: string } {
    return { kind: 'files', directory: this.storeDirectory };
  }

  /** A hand on the store of its own, as another process has one. */
  async openStore(): Promise<LeaseStore> {
    const store = await openFilesStore(this.storeDirectory);
    this.#t.after(() => store.close());
    return store;
  }

  /** Writes the lease 10.50.`subnet`.0/24 of another node, as that node would. */
  async lease(subnet: number, node = subnet, data?: string): Promise<void> {
    const created = await (
      await this.openStore()
    ).create(`10.50.${subnet}.0-24`, leaseValue(node, data), 3600);
    if (created === 'taken') throw new Error(`10.50.${subnet}.0/24 is taken`);
  }

  /** What `prepareNode` and `publishNetwork` find out, but for the interface. */
  async prepare(options: UpOptions = this.options()): Promise<Preparation> {
    const loaded = await loadRecipe(options.recipe ?? '');
    const store = await this.openStore();
    const network = decideNetwork(loaded.recipe, options.parameters, await store.readNetwork());
    const outages = new OutageLog(this.emit);
    const { stateDirectory } = this;
    const interfaces = this.#interfaces(options);
    const cniTemplate = options.cniList && loadCniTemplate(options.cniList.templateFile);
    return publishNetwork(
      { loaded, store, outages, network, underlay, interfaces, cniTemplate, stateDirectory },
      options,
    );
  }

  /** The interfaces as a node sees them: there is one, and it is wished for by its name unless the options say otherwise. */
  #interfaces(options: UpOptions): HostInterfaces {
    const wishes = { ...options.interface, iface: [...options.interface.iface, underlay.name] };
    const choose = (families: readonly Family[]): ChosenInterface =>
      chooseInterface(
        { ...wishes, families },
        {
          links: this.link === undefined ? [] : [this.link],
          defaultRoutes: { 4: [], 6: [] },
          routeToReach: undefined,
          memory: undefined,
        },
      );
    return {
      see: () => Promise.resolve(this.link),
      isForwarding: () => Promise.resolve(true),
      chooseAgain: async (families) => Promise.resolve(choose(families)),
      findOverlap: () => Promise.resolve(this.overlap),
      hardwareAddresses: () =>
        Promise.resolve(this.link?.hardwareAddress === undefined ? [] : [this.link.hardwareAddress]),
      remember: () => Promise.resolve(),
    };
  }

  /** Runs the commands of a recipe by a shell that ends with the test. */
  runner(preparation: Preparation, options = this.options(), shell = this.shell()): CommandRunner {
    const { loaded } = preparation;
    return this.runnerOf(loaded, factsOfPreparation(preparation, options), shell);
  }

  runnerOf(
    { recipe, scripts }: LoadedRecipe,
    facts: ReturnType<typeof factsOfPreparation>,
    shell = this.shell(),
  ): CommandRunner {
    const inherited = inheritedEnvironment(process.env, recipe.environment);
    return new CommandRunner({ recipe, scripts, shell, inherited, facts, waits: this.waits }, this.emit);
  }

  /** What the node waits for; its network is not taken down. */
  get waits(): Waits {
    return new Waits(this.emit, new AbortController().signal);
  }

  shell(): Shell {
    const shell = createOneShotShell();
    this.#t.after(() => shell.close());
    return shell;
  }

  /** What the commands noted, a line each. */
  get log(): readonly string[] {
    return this.lines('log');
  }

  /** The lines of a file in the state directory; none if it is not there. */
  lines(name: string): readonly string[] {
    return (this.read(name) ?? '').split('\n').filter((line) => line !== '');
  }

  read(name: string): string | undefined {
    try {
      return readFileSync(join(this.stateDirectory, name), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Puts a file into the state directory, such as `add.fails`. */
  put(name: string, text = ''): void {
    writeFileSync(join(this.stateDirectory, name), text);
  }

  drop(name: string): void {
    rmSync(join(this.stateDirectory, name), { force: true });
  }

  told<Name extends EventName>(name: Name): readonly EventOf<Name>[] {
    return this.events.filter((event): event is EventOf<Name> => event.event === name);
  }

  get warnings(): readonly string[] {
    return this.told('warning').map(({ message }) => message);
  }

  /** Waits for an event. Returns the first of those with its name that fits. */
  untilTold<Name extends EventName>(
    name: Name,
    fits: (event: EventOf<Name>) => boolean = () => true,
  ): Promise<EventOf<Name>> {
    return until(
      `the event ${name}`,
      () => this.told(name).find(fits),
      () => JSON.stringify(this.events, null, 1),
    );
  }

  /** Waits until the commands have noted this line. */
  async untilLogged(line: string): Promise<void> {
    await until(
      `the line ${line} of ${basename(this.directory)}`,
      () => this.log.includes(line),
      () => this.log.join('\n'),
    );
  }
}
