import { dirname, join } from 'node:path';
import type { CniTemplate } from '../../cni/template.ts';
import { agreedFields } from '../../lease/agreed-fields.ts';
import type { Peer } from '../../lease/lease.ts';
import type { LeaseReading } from '../../lease/open-list.ts';
import { describeSubnets, Roster } from '../../lease/roster.ts';
import { decodeLease, leaseKey, parseLeaseKey } from '../../lease/wire.ts';
import { describeNetwork, describeRanges } from '../../network/configuration-text.ts';
import { presentValues } from '../../network/per-family.ts';
import { listPublicAddresses, mainPublicAddress } from '../../network/public-addresses.ts';
import { commandText } from '../../recipe/command-text.ts';
import { commandNames, type CommandName } from '../../recipe/recipe.ts';
import { readDeployment } from '../../daemon/network/deployment-file.ts';
import { deploymentOf, isSameNetwork, type Deployment } from '../../daemon/network/deployment.ts';
import { askDaemon } from '../../daemon/report/control.ts';
import { describeParameters } from '../../daemon/report/status.ts';
import { examineHost } from '../../daemon/setup/check-host.ts';
import { factsOfPreparation } from '../../daemon/setup/node-facts.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import { decideNode, mayBringNetwork, type NodeDecision } from '../../daemon/setup/prepare.ts';
import { findLastRun } from '../../daemon/takeover/first-start.ts';
import { findEarlierList } from '../../daemon/watch/list-order.ts';
import { cniListOf, composeList, listPathOf } from '../../daemon/network/parts/cni-list.ts';
import { subnetEnvironmentOf, subnetFileOf } from '../../daemon/network/parts/subnet-file.ts';
import { findListObstacle } from '../../host/cni/list-file.ts';
import { isSameFile } from '../../host/files/same-file.ts';
import { findOtherSubnets } from '../../host/subnet-file.ts';
import { planRules } from '../../host/traffic/keep-rules.ts';
import { rulesOfNetwork } from '../../daemon/network/parts/traffic-rules.ts';
import { examineStateDirectory } from '../../host/state/state-directory.ts';
import { foreseeLease, type LeaseForecast } from '../../store/acquire-lease.ts';
import type { LeaseRecord } from '../../store/store.ts';
import { viewStore, type StoreView } from './view-store.ts';

/** The output of `heddle up --dry-run --json`: what a start would do on this host. */
export interface StartPlan {
  /** Whether a daemon runs on the state directory. Then a second one is refused. */
  readonly daemonRuns: boolean;
  readonly store: string;
  /** The thing that the start would wait for, as a noun; null for nothing. Everything below is null or empty if the plan ends there. */
  readonly waitsFor: string | null;
  readonly recipe: { readonly name: string; readonly type: string; readonly file: string } | null;
  readonly network: PlannedNetwork | null;
  readonly interface: PlannedInterface | null;
  readonly lease: PlannedLease | null;
  /** The fate of the network that an earlier daemon left up. */
  readonly earlierNetwork: 'none' | 'taken-over' | 'taken-down';
  readonly peers: readonly { readonly subnet: string; readonly publicIp: string }[];
  /** Leases that would be rejected, with the reason. */
  readonly rejected: readonly { readonly key: string; readonly because: string }[];
  /** The rules for masquerading and forwarding that would be set; null if the plan ends before, or if there are none. */
  readonly trafficRules: PlannedRules | null;
  readonly commands: readonly PlannedCommand[];
  /** The list for the container runtime; null if the plan ends before, or if none would be installed. */
  readonly cniList: PlannedCniList | null;
  /** The files and directories that would be written or removed. */
  readonly files: readonly { readonly path: string; readonly purpose: string }[];
  /** Sentences about the command line and the documents. */
  readonly warnings: readonly string[];
}

interface PlannedNetwork {
  readonly network: string;
  /** The document that decides. */
  readonly source: string;
  /** Whether the document would be written into the store. */
  readonly isNew: boolean;
  readonly parameters: Readonly<Record<string, string>>;
}

interface PlannedInterface {
  readonly name: string;
  readonly mtu: number;
  readonly addresses: readonly string[];
  readonly publicAddresses: readonly string[];
  readonly because: string;
}

interface PlannedLease {
  /** Null if it would be picked at random. */
  readonly subnet: string | null;
  readonly how: LeaseForecast['how'];
  readonly because: string;
}

interface PlannedRules {
  readonly masquerade: boolean;
  readonly forward: boolean;
  /** The program that keeps the rules; null if the programs are missing, so that the node would be degraded. */
  readonly tool: string | null;
  /** The chains or tables, as nouns. */
  readonly places: readonly string[];
  /** The reason why the rules cannot be set; null if they can. */
  readonly because: string | null;
}

interface PlannedCniList {
  readonly path: string;
  readonly template: string;
  readonly isRendered: boolean;
  /** The text of the list; null if it depends on a subnet that would be picked at random. */
  readonly content: string | null;
  /** The reason why the list could not be written, and what to do, so that the node would be degraded; null if it could. */
  readonly because: string | null;
  /** The other list that the container runtime takes, and what to do, so that the node would be degraded; null if it takes this one. */
  readonly passedOver: string | null;
}

interface PlannedCommand {
  readonly command: CommandName;
  /** When it would run, and how often. */
  readonly when: string;
  readonly script: string;
}

/**
 * Finds out what a start would do, by the code that a start uses, as far as it only looks. Changes nothing on the host or in the store.
 * Throws the Failure that would end the start.
 */
export async function planStart(options: UpOptions, warnings: readonly string[]): Promise<StartPlan> {
  const host = await examineHost(options);
  const stateDirectory = examineStateDirectory(options.stateDirectory);
  const daemonRuns =
    stateDirectory !== undefined && (await askDaemon(stateDirectory, 'GET', '/status')) !== undefined;
  const view = await viewStore(options.store);
  const outline = { ...emptyPlan, daemonRuns, store: view.description, warnings };
  if (view.kind === 'away') return { ...outline, waitsFor: `the store: ${view.because}` };
  const { document } = view;
  if (document === undefined && !mayBringNetwork(options)) {
    return {
      ...outline,
      waitsFor: `a network configuration in the ${view.description} (${view.networkHint})`,
    };
  }
  const decision = await decideNode(options, host, view, document);
  const { loaded, network, underlay } = decision;
  const facts = factsOfPreparation(decision, options);
  const previous = stateDirectory === undefined ? undefined : await readDeployment(stateDirectory);
  const isSame =
    previous !== undefined && isSameNetwork(previous, deploymentOf(decision, options, facts, null));
  const lastRun = await findLastRun(options, host.interfaces, isSame ? previous : undefined);
  const { configuration } = network;
  const { publicIp, publicIpv6 } = underlay;
  const applicant = { configuration, publicIp, publicIpv6, ...lastRun };
  const forecast = foreseeLease(view, view.listing, applicant, view.assigned);
  const { peers, rejected } = judgeLeases(decision, view, forecast, options);
  const cniList = planCniList(host.cniTemplate, decision, forecast, options);
  return {
    ...outline,
    recipe: { name: loaded.recipe.name, type: loaded.recipe.backendType, file: loaded.file },
    network: {
      network: describeNetwork(configuration),
      source: network.isInStore ? network.document.name : loaded.file,
      isNew: !network.isInStore,
      parameters: describeParameters(decision),
    },
    interface: {
      name: underlay.name,
      mtu: underlay.mtu,
      addresses: presentValues(underlay.addresses),
      publicAddresses: listPublicAddresses(underlay),
      because: underlay.because,
    },
    lease: describeLease(forecast, decision, mainPublicAddress(underlay)),
    earlierNetwork: previous === undefined ? 'none' : isSame ? 'taken-over' : 'taken-down',
    peers: peers.map((peer) => ({ subnet: subnetsOf(peer), publicIp: mainPublicAddress(peer) })),
    rejected,
    trafficRules: await planTrafficRules(decision, forecast, options),
    commands: planCommands(decision, options, peers.length, isSame),
    cniList,
    files: await planFiles(options, stateDirectory, isSame ? previous : undefined, cniList),
    warnings: [
      ...warnings,
      ...[...loaded.warnings, ...network.warnings].map(({ message }) => message),
      ...(loaded.unread ?? []),
    ],
  };
}

const emptyPlan = {
  waitsFor: null,
  recipe: null,
  network: null,
  interface: null,
  lease: null,
  earlierNetwork: 'none',
  peers: [],
  rejected: [],
  trafficRules: null,
  commands: [],
  cniList: null,
  files: [],
} as const satisfies Partial<StartPlan>;

async function planTrafficRules(
  { network }: NodeDecision,
  { subnets }: LeaseForecast,
  { traffic, chainSuffix }: UpOptions,
): Promise<PlannedRules | null> {
  const plan = await planRules(rulesOfNetwork(network.configuration, subnets, traffic, chainSuffix));
  const { masquerade, forward } = traffic;
  switch (plan.kind) {
    case 'none':
      return null;
    case 'rules':
      return { masquerade, forward, tool: plan.tool, places: plan.places, because: null };
    case 'impossible':
      return { masquerade, forward, tool: null, places: [], because: plan.because };
  }
}

function planCniList(
  template: CniTemplate | undefined,
  decision: NodeDecision,
  { subnets, isCertain }: LeaseForecast,
  options: UpOptions,
): PlannedCniList | null {
  const path = listPathOf(options);
  if (path === undefined || template === undefined) return null;
  const isRendered = options.cniList?.render === true;
  const node = subnetEnvironmentOf(factsOfPreparation(decision, options), subnets, options);
  const content = isCertain || !isRendered ? composeList(template, node, options) : null;
  // A list that an earlier daemon wrote has the mark of the state directory, or its record.
  const obstacle = findListObstacle(
    { path, stateDirectory: options.stateDirectory },
    content === null ? [] : [content],
  );
  const because = obstacle === undefined ? null : `${obstacle.because}; ${obstacle.cure}`;
  const earlier = findEarlierList(dirname(path));
  const passedOver = earlier === undefined ? null : `${earlier.because}; ${earlier.hint}`;
  return { path, template: template.source.name, isRendered, content, because, passedOver };
}

function describeLease(
  { how, subnets, isCertain }: LeaseForecast,
  { network }: NodeDecision,
  publicIp: string,
): PlannedLease {
  const ranges = describeRanges(network.configuration);
  if (how === 'reused') {
    return { how, subnet: describeSubnets(subnets), because: `the store has it for ${publicIp}` };
  }
  return isCertain
    ? { how, subnet: describeSubnets(subnets), because: 'this node had it before, or no other one is free' }
    : { how, subnet: null, because: `one that is free, of ${ranges}` };
}

/** The verdict on each lease, as the follower would have it with this subnet. */
function judgeLeases(
  { loaded, network, underlay }: NodeDecision,
  { listing }: Extract<StoreView, { readonly kind: 'seen' }>,
  { subnets }: LeaseForecast,
  { allowOverlap }: Pick<UpOptions, 'allowOverlap'>,
): { readonly peers: readonly Peer[]; readonly rejected: StartPlan['rejected'] } {
  const { recipe } = loaded;
  const key = leaseKey(subnets);
  const roster = new Roster(
    {
      network: network.configuration,
      backendType: recipe.backendType,
      backendData: recipe.backendData,
      agreed: agreedFields(recipe, network.parameterValues),
      ownAddresses: [...listPublicAddresses(underlay), ...presentValues(underlay.addresses)],
      allowOverlap,
      ownIdentities: [],
    },
    { key, subnets },
  );
  const changes = roster.replaceAll(listing.records.map(readLease));
  const peers = changes.flatMap((change) => (change.kind === 'put' ? [change.peer] : []));
  const rejected = [...roster.rejections].map(([each, because]) => ({ key: each, because }));
  return { peers, rejected };
}

function readLease(record: LeaseRecord): LeaseReading {
  const decoded = decodeLease(record);
  return decoded.kind === 'lease' ? decoded : { ...decoded, key: record.key };
}

function subnetsOf({ subnet, ipv6Subnet }: Peer): string {
  return [subnet, ipv6Subnet].filter((text) => text !== undefined).join(' and ');
}

function planCommands(
  { loaded }: NodeDecision,
  options: UpOptions,
  peers: number,
  isTakeover: boolean,
): readonly PlannedCommand[] {
  const { commands } = loaded.recipe;
  const hasCheck = commands.CheckCommand !== undefined;
  const present = isTakeover && hasCheck ? ' that CheckCommand does not find in place' : '';
  const times: Readonly<Record<CommandName, string | undefined>> = {
    PreStartupCommand: 'once, before the lease is taken',
    PostStartupCommand: 'once, after the lease is taken',
    SubnetBatchCommand: peers > 1 ? `for all of the ${peers} peers${present}, in batches` : undefined,
    SubnetAddCommand: peers === 0 ? undefined : `once for each of the ${peers} peers${present}`,
    SubnetRemoveCommand: undefined,
    CheckCommand: `every ${options.checkIntervalSeconds} seconds`,
    MonitorCommand: 'for as long as the network is up',
    ShutdownCommand: options.onExit === 'shutdown' ? 'once, when the daemon ends' : undefined,
  };
  return commandNames.flatMap((name) => {
    const command = commands[name];
    const when = times[name];
    return command === undefined || when === undefined
      ? []
      : [{ command: name, when, script: commandText(command) }];
  });
}

async function planFiles(
  options: UpOptions,
  stateDirectory: string | undefined,
  taken: Deployment | undefined,
  cniList: PlannedCniList | null,
): Promise<StartPlan['files']> {
  const directory = stateDirectory ?? options.stateDirectory;
  const former = taken && (await findFormerFile(taken, options.subnetFile));
  const list = listPathOf(options);
  const formerList = taken && cniListOf(taken.parts);
  const isListElsewhere =
    formerList !== undefined && (list === undefined || !(await isSameFile(formerList, list)));
  return [
    ...(stateDirectory === undefined ? [{ path: directory, purpose: 'the state directory, mode 0700' }] : []),
    { path: join(directory, 'journal'), purpose: 'the peers that may be in the kernel' },
    { path: join(directory, 'deployment.json'), purpose: 'the settings to take the network down' },
    { path: join(directory, 'heddle.sock'), purpose: 'the control socket' },
    { path: options.subnetFile, purpose: 'the subnet and the MTU for the CNI plugin' },
    ...(former === undefined ? [] : [{ path: former, purpose: 'removed: the subnet file was here' }]),
    ...(list === undefined || typeof cniList?.because === 'string'
      ? []
      : [{ path: list, purpose: 'the CNI list for the container runtime' }]),
    ...(isListElsewhere ? [{ path: formerList, purpose: 'removed: the CNI list was here' }] : []),
  ];
}

/** The subnet file of a network that is taken over, if it is at another path and would be removed. */
async function findFormerFile(
  { parts, leaseKey }: Deployment,
  subnetFile: string,
): Promise<string | undefined> {
  const path = subnetFileOf(parts);
  const own = leaseKey === null ? undefined : parseLeaseKey(leaseKey);
  if (path === undefined || own === undefined || (await isSameFile(path, subnetFile))) return undefined;
  return (await findOtherSubnets(path, own)) === undefined ? path : undefined;
}
