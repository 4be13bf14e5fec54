import type { StoreView } from '../up/view-store.ts';
import { readFile } from 'node:fs/promises';
import { requireLeastMtu } from '../../contract/least-mtu.ts';
import { nodeVariables, ownVariables } from '../../contract/environment.ts';
import { underlayMtu } from '../../contract/mtu.ts';
import { Failure } from '../../diagnostic/failure.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { judgeHost, partChecks } from '../../doctor/checks.ts';
import { readNetworkFacts } from '../../doctor/facts/network-facts.ts';
import { fatal, fine, unclear, warning, type Finding, type Judgement } from '../../doctor/finding.ts';
import { isFlanneldHere } from '../../host/traffic/flanneld-process.ts';
import { InterfaceLookUp } from '../../host/interface/interface.ts';
import { requirePrograms } from '../../host/programs.ts';
import { requireSubnetFile } from '../../host/subnet-file.ts';
import { decodeLease } from '../../lease/wire.ts';
import { describeNetwork } from '../../network/configuration-text.ts';
import { networksOf } from '../../network/configuration.ts';
import { presentValues } from '../../network/per-family.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';
import { loadCniTemplate } from '../../daemon/setup/cni-template.ts';
import { factsOfPreparation } from '../../daemon/setup/node-facts.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import { mayBringNetwork, type NodeDecision } from '../../daemon/setup/prepare.ts';
import { describeOverlap } from '../../daemon/setup/require-no-overlap.ts';
import { requireNoRival } from '../../daemon/takeover/rival-daemons.ts';
import { loadStoredRecipe } from '../../daemon/setup/stored-recipe.ts';
import { decideNetwork } from '../../recipe-files/decide-network.ts';
import { loadRecipe, type LoadedRecipe } from '../../recipe-files/load-recipe.ts';
import { requireRecipeDirectory } from '../../recipe-files/recipe-directory.ts';
import type { LeaseRecord } from '../../store/store.ts';
import { attempt, judgeFailure, type PartJudgements } from './attempt.ts';
import { examineState } from './examine-state.ts';
import { examineStore } from './examine-store.ts';
import { judgeCniList } from './judge-cni-list.ts';

/** Makes all checks. Changes nothing; only with `probes`, packets are sent to peers. */
export async function diagnose(options: UpOptions, probes: boolean): Promise<readonly Finding[]> {
  const interfaces = new InterfaceLookUp(options.interface, options.stateDirectory);
  const [host, examination, state] = await Promise.all([
    examineParts(options, interfaces),
    examineStore(options.store),
    examineState(options.stateDirectory, interfaces),
  ]);
  const { view, store, clock } = examination;
  const document = view?.document;
  const parts: PartJudgements = { ...host.verdicts, ...state, store, clock };
  const loaded =
    host.loaded ??
    (options.recipe === undefined && view !== undefined && document !== undefined
      ? await attempt(parts, 'recipe', () => loadStoredRecipe(document, options, view))
      : undefined);
  if (loaded !== undefined) {
    parts.recipe = fine(`${loaded.recipe.name}, type ${loaded.recipe.backendType}, in ${loaded.file}`);
    parts.programs = judgePrograms(loaded, options);
  }
  const decision = loaded && (await decide(parts, loaded, document, interfaces, options));
  parts.network = judgeNetwork(parts.network, decision, view, document, options);
  const facts =
    decision && (await readFacts(decision, interfaces, options, view?.listing.records ?? [], probes));
  if (loaded === undefined)
    parts.recipe ??= unclear('neither --recipe nor a network configuration in the store names a recipe');
  const ofParts = partChecks.map((check) => {
    return { check, ...(parts[check] ?? unclear('needs a recipe, a network and an interface')) };
  });
  return [...ofParts, ...judgeHost(facts)];
}

interface ExaminedParts {
  readonly verdicts: PartJudgements;
  /** The recipe that the options name. */
  readonly loaded: LoadedRecipe | undefined;
}

/** The parts of a start that need neither the store nor the network. */
async function examineParts(options: UpOptions, interfaces: InterfaceLookUp): Promise<ExaminedParts> {
  const verdicts: PartJudgements = {
    'subnet-file': fine(`${options.subnetFile} can be written`),
    'cni-list': judgeCniList(options),
    privileges: await judgePrivileges(),
    flanneld: (await isFlanneldHere())
      ? warning('flanneld runs on this host: it and heddle would undo the work of each other', {
          advice: 'stop it before heddle up',
          command: 'systemctl disable --now flanneld',
        })
      : fine('no flanneld runs on this host'),
  };
  const { recipe: name } = options;
  const loaded = name === undefined ? undefined : await attempt(verdicts, 'recipe', () => loadRecipe(name));
  const { recipeDirectory: directory } = options;
  if (directory !== undefined) await attempt(verdicts, 'recipe', () => requireRecipeDirectory(directory));
  await attempt(verdicts, 'interface', () => interfaces.require());
  await attempt(verdicts, 'subnet-file', () => requireSubnetFile(options.subnetFile));
  const { cniList } = options;
  if (cniList !== undefined) await attempt(verdicts, 'cni-list', () => loadCniTemplate(cniList.templateFile));
  return { verdicts, loaded };
}

/** The bit of CAP_NET_ADMIN in the masks of /proc/PID/status. */
const netAdmin = 1n << 12n;

async function judgePrivileges(): Promise<Judgement> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const [, mask = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if ((BigInt(`0x${mask}`) & netAdmin) !== 0n) return fine('this process may change the network');
  return warning('this process may not change the network (no CAP_NET_ADMIN), nor see all of the firewall', {
    advice: 'run heddle as root, or give it the capability',
    command: 'sudo heddle doctor',
  });
}

function judgePrograms({ recipe }: LoadedRecipe, options: UpOptions): Judgement {
  const needed = [...recipe.requires, ...(options.probeIntervalSeconds === undefined ? [] : ['ping'])];
  try {
    requirePrograms(needed);
    return fine(needed.length === 0 ? 'the recipe needs no program' : `found: ${needed.join(', ')}`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return judgeFailure(error);
  }
}

/** Decides the network and the interface as a start does, and notes each refusal at its check. */
async function decide(
  parts: PartJudgements,
  loaded: LoadedRecipe,
  document: SourceText | undefined,
  interfaces: InterfaceLookUp,
  options: UpOptions,
): Promise<NodeDecision | undefined> {
  const { recipe } = loaded;
  const network = await attempt(parts, 'network', () => decideNetwork(recipe, options.parameters, document));
  if (network === undefined) return undefined;
  const { configuration, parameterValues } = network;
  const families = networksOf(configuration).map(({ family }) => family);
  const underlay = await attempt(parts, 'interface', () => interfaces.choose(families));
  if (underlay === undefined) return undefined;
  const { name, addresses, because } = underlay;
  parts.interface = fine(`${name}, ${presentValues(addresses).join(' and ')}: ${because}`);
  parts.overlap = await judgeOverlap({ loaded, network, underlay }, interfaces, options);
  parts['other-daemon'] = fine('no other heddle daemon uses a device or a file of this network');
  await attempt(parts, 'other-daemon', () => requireNoRival({ loaded, network, underlay }, options));
  parts['traffic-tools'] = judgeTrafficTools(options, configuration.enableNftables);
  await attempt(parts, 'interface', () =>
    requireLeastMtu(configuration, { recipe, parameterValues, iface: underlay }),
  );
  return { loaded, network, underlay };
}

async function judgeOverlap(
  { network: { configuration }, underlay }: NodeDecision,
  interfaces: InterfaceLookUp,
  options: UpOptions,
): Promise<Judgement> {
  const overlap = await describeOverlap(configuration, interfaces, underlay, options);
  if (overlap !== undefined) {
    return fatal(overlap, {
      advice:
        'choose another Network, or another address with --iface or --public-ip; or give --allow-overlap',
    });
  }
  return fine(
    options.allowOverlap
      ? '--allow-overlap permits an overlap'
      : 'the network overlaps no route and no address of this host',
  );
}

function judgeTrafficTools({ traffic }: UpOptions, enableNftables: boolean): Judgement {
  if (!traffic.forward && !traffic.masquerade) return fine('heddle up sets no rules for traffic');
  const choices = enableNftables ? [['nft']] : [['iptables', 'iptables-restore'], ['nft']];
  const found = choices.find((programs) => {
    try {
      requirePrograms(programs);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return fine(`${found[0] ?? ''} sets the rules for traffic`);
  const package_ = enableNftables ? 'nftables' : 'iptables';
  return warning('no program can set the rules for forwarding and masquerading, so the node is degraded', {
    advice: 'install it, or turn the rules off with --iptables-forward-rules=false',
    command: `apt-get install ${package_}`,
  });
}

function judgeNetwork(
  refused: Judgement | undefined,
  decision: NodeDecision | undefined,
  view: Extract<StoreView, { readonly kind: 'seen' }> | undefined,
  document: SourceText | undefined,
  options: UpOptions,
): Judgement {
  if (refused !== undefined) return refused;
  if (view !== undefined && document === undefined && !mayBringNetwork(options)) {
    return fatal('the store does not have a network configuration, and heddle up waits for one', {
      advice: view.networkHint,
    });
  }
  if (decision === undefined) return unclear('needs a recipe and the store');
  const { configuration } = decision.network;
  const source =
    document === undefined
      ? view === undefined
        ? 'the recipe; the store may have another'
        : 'the recipe'
      : document.name;
  return fine(`${describeNetwork(configuration)}, from ${source}`);
}

async function readFacts(
  decision: NodeDecision,
  interfaces: InterfaceLookUp,
  options: UpOptions,
  records: readonly LeaseRecord[],
  probes: boolean,
): ReturnType<typeof readNetworkFacts> {
  const { loaded, network, underlay } = decision;
  const { configuration, parameterValues } = network;
  const facts = factsOfPreparation(decision, options);
  const own = [...listPublicAddresses(underlay), ...presentValues(underlay.addresses)];
  return readNetworkFacts({
    recipe: loaded.recipe,
    variables: { ...nodeVariables(facts, undefined), ...ownVariables(facts, undefined) },
    families: configuration,
    stateDirectory: options.stateDirectory,
    links: await interfaces.links(),
    configuration,
    underlay,
    overhead: loaded.recipe.overhead,
    underlayMtu: underlayMtu(parameterValues, underlay.mtu),
    forward: options.traffic.forward,
    peerAddresses: listPeers(records).filter((address) => !own.includes(address)),
    probes,
  });
}

function listPeers(records: readonly LeaseRecord[]): readonly string[] {
  const addresses = records.flatMap((record) => {
    const decoded = decodeLease(record);
    return decoded.kind === 'lease' ? listPublicAddresses(decoded.lease.attributes) : [];
  });
  return [...new Set(addresses)];
}
