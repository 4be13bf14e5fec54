import { Engine } from '../../engine/engine.ts';
import { Concerns } from '../../event/concerns.ts';
import type { EmitEvent } from '../../event/event.ts';
import { readLinkRoutes } from '../../host/interface/proc-routes.ts';
import { agreedFields } from '../../lease/agreed-fields.ts';
import { describeSubnets } from '../../lease/roster.ts';
import { networksOf } from '../../network/configuration.ts';
import { presentValues } from '../../network/per-family.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';
import { Periodic } from '../../time/periodic.ts';
import { findLinkUse } from '../commands/link-use.ts';
import { peerCommands } from '../commands/peer-commands.ts';
import { LeaseKeeper, type LeaseHolder } from '../lease/lease-keeper.ts';
import { OwnIdentities } from '../lease/own-identities.ts';
import { DriftReport } from '../peers/drift-report.ts';
import { PeerFollower } from '../peers/peer-follower.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';
import { PeerLinks } from '../peers/peer-links.ts';
import { PeerLoop } from '../peers/peer-loop.ts';
import { PeerProbe } from '../probe/peer-probe.ts';
import type { UpOptions } from '../setup/options.ts';
import type { Preparation } from '../setup/prepare.ts';
import { AddressWatch } from '../watch/address-watch.ts';
import { raiseClockConcern } from '../watch/clock.ts';
import { DeviceWatch, plannedNames } from '../watch/device-watch.ts';
import { StoredNetworkWatch } from '../watch/stored-network.ts';
import { UnderlayWatch } from '../watch/underlay.ts';
import { DriftWatch } from './drift-watch.ts';
import type { LeasedNetwork } from './leased-network.ts';

export interface WorkersContext {
  readonly options: UpOptions;
  readonly preparation: Preparation;
  readonly leasedNetwork: LeasedNetwork;
  readonly journal: PeerJournal;
  readonly emit: EmitEvent;
}

/** The network's side of its workers: the functions that they call. */
interface WorkersHooks {
  readonly holder: LeaseHolder;
  /** Aborted when the network begins to end. */
  readonly signal: AbortSignal;
  /** Called when something that decides about the health may have changed. */
  readonly reportHealth: () => void;
  /** Called when a device of the recipe does not exist any more. */
  readonly deviceGone: () => void;
  /** Looks at the whole network. Returns the time until the next look is needed, in milliseconds; undefined for the usual one. */
  readonly look: (signal: AbortSignal) => Promise<number | undefined>;
}

/** The loops and watches that work for one network. None of them works before it is started. */
export interface NetworkWorkers {
  /** Runs the commands for peers. */
  readonly loop: PeerLoop;
  /** Follows the leases of the store. */
  readonly follower: PeerFollower;
  /** Renews this node's lease. */
  readonly keeper: LeaseKeeper;
  /** Looks at the network at an interval. */
  readonly watch: DriftWatch;
  /** Sends packets to peers. */
  readonly probe: PeerProbe;
  /** Looks at the network configuration and the clock of the store at an interval. */
  readonly storeWatch: Periodic;
  readonly underlay: UnderlayWatch;
  readonly addresses: AddressWatch;
  readonly devices: DeviceWatch;
  readonly drift: DriftReport;
  readonly concerns: Concerns;
}

/** Makes the workers of a network and connects them. */
export function assembleWorkers(context: WorkersContext, hooks: WorkersHooks): NetworkWorkers {
  const { options, preparation, leasedNetwork, emit } = context;
  const { commands, subnets, record } = leasedNetwork;
  const { recipe } = preparation.loaded;
  const concerns = new Concerns(emit, hooks.reportHealth, Date.now);
  const loop = makeLoop(context, hooks, concerns, () => probe.forgetGone());
  const probe = new PeerProbe({
    peers: () => loop.engine.peersInPlace,
    own: subnets,
    intervalMs: options.probeIntervalSeconds && options.probeIntervalSeconds * 1000,
    concerns,
    emit,
  });
  const keeper = new LeaseKeeper({
    concerns,
    store: preparation.store,
    record,
    subnets,
    ttlSeconds: options.leaseTtlSeconds,
    marginSeconds: options.renewMarginSeconds,
    subnet: describeSubnets(subnets),
    emit,
    holder: hooks.holder,
  });
  const watch = new DriftWatch({
    commands,
    own: subnets,
    intervalMs: options.checkIntervalSeconds * 1000,
    emit,
    look: hooks.look,
  });
  return {
    loop,
    follower: makeFollower(context, { loop, keeper, concerns }),
    keeper,
    watch,
    probe,
    storeWatch: makeStoreWatch(context, hooks, concerns),
    underlay: new UnderlayWatch(
      preparation.underlay,
      preparation.interfaces,
      networksOf(preparation.network.configuration).map(({ family }) => family),
      foreignNetworks(context),
      concerns,
    ),
    addresses: new AddressWatch({
      stateDirectory: options.stateDirectory,
      onChange: () => watch.request(),
    }),
    devices: new DeviceWatch({
      planned: () => plannedNames(recipe, commands.facts, subnets),
      onGone: hooks.deviceGone,
    }),
    drift: new DriftReport(emit, Date.now),
    concerns,
  };
}

/** The networks in which no node has a public address. */
function foreignNetworks({ options, preparation }: WorkersContext): ReturnType<typeof networksOf> {
  return options.allowOverlap ? [] : networksOf(preparation.network.configuration);
}

function makeLoop(
  { options, preparation, leasedNetwork, journal, emit }: WorkersContext,
  { reportHealth }: WorkersHooks,
  concerns: Concerns,
  peersChanged: () => void,
): PeerLoop {
  const peers = peerCommands(leasedNetwork.commands, leasedNetwork.subnets, options.compile, (found) =>
    concerns.set('compile', found),
  );
  return new PeerLoop({
    engine: new Engine(peers.abilities),
    journal,
    commands: peers,
    concurrency: preparation.loaded.recipe.concurrency,
    emit,
    onProgress: () => {
      peersChanged();
      reportHealth();
    },
  });
}

function makeFollower(
  context: WorkersContext,
  { loop, keeper, concerns }: Pick<NetworkWorkers, 'loop' | 'keeper' | 'concerns'>,
): PeerFollower {
  const { options, preparation, leasedNetwork, journal, emit } = context;
  const { commands, subnets, hadEnded } = leasedNetwork;
  const { recipe } = preparation.loaded;
  const identities = new OwnIdentities(keeper, recipe.backendData);
  const foreign = foreignNetworks(context);
  return new PeerFollower({
    store: preparation.store,
    rules: {
      network: preparation.network.configuration,
      backendType: recipe.backendType,
      backendData: recipe.backendData,
      agreed: agreedFields(recipe, preparation.network.parameterValues),
      allowOverlap: options.allowOverlap,
      // They may change while the network runs.
      get ownAddresses() {
        const { facts } = commands;
        return [...listPublicAddresses(facts), ...presentValues(facts.localAddresses)];
      },
      get ownIdentities() {
        return identities.now;
      },
    },
    own: keeper,
    earlier: journal.peers,
    mayBeLate: hadEnded || preparation.outages.longestMs >= keeper.marginMs,
    loop,
    links: new PeerLinks(findLinkUse(commands, subnets), () => readLinkRoutes(foreign)),
    concerns,
    emit,
  });
}

function makeStoreWatch(
  { options, preparation, leasedNetwork }: WorkersContext,
  { signal }: WorkersHooks,
  concerns: Concerns,
): Periodic {
  const own = leasedNetwork.subnets;
  const stored = new StoredNetworkWatch({ preparation, options, own, concerns, signal });
  return new Periodic(options.checkIntervalSeconds * 1000, () => {
    raiseClockConcern(preparation.store, concerns);
    return stored.look();
  });
}
