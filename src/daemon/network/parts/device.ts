import { requireLeastDeviceMtu, requireLeastMtu } from '../../../contract/least-mtu.ts';
import { publishedMtu } from '../../../contract/mtu.ts';
import { ownAttributes } from '../../../contract/own-attributes.ts';
import { Failure } from '../../../diagnostic/failure.ts';
import { describeTrouble, troubleDetail, type CommandTrouble } from '../../../event/trouble.ts';
import type { ChosenInterface } from '../../../host/interface/choose-interface.ts';
import { findOverlayMtu } from '../../../host/interface/overlay-mtu.ts';
import type { LeaseAttributes, LeaseSubnets } from '../../../lease/lease.ts';
import { encodeAttributes } from '../../../lease/wire.ts';
import { networksOf } from '../../../network/configuration.ts';
import { mapFamilies } from '../../../network/per-family.ts';
import type { LoadedRecipe } from '../../../recipe-files/load-recipe.ts';
import type { CommandResult } from '../../commands/command-result.ts';
import type { CommandRunner } from '../../commands/command-runner.ts';
import { factsOfPreparation } from '../../setup/node-facts.ts';
import type { Preparation } from '../../setup/prepare.ts';
import {
  brokenBy,
  gone,
  repaired,
  whole,
  type EnsureResult,
  type LiveNetwork,
  type NetworkPart,
  type PartTrouble,
} from './part.ts';

/** The recipe's own device, or whatever else PreStartup, PostStartup and Shutdown handle. */
export const devicePart: NetworkPart = {
  name: 'device',
  isFoundation: true,
  remember: () => ({}),

  describe({ commands, devices }) {
    const { iface, mtus } = commands.facts;
    return { settings: `on ${iface}, overlay MTU ${publishedMtu(mtus)}`, trouble: devices.trouble };
  },

  /**
   * Runs PostStartup. PreStartup ran before the lease. If the node had to wait for the store since then, the device may have gone meanwhile:
   * then both run once more, if the recipe promises that they are repeatable.
   */
  async up(network, signal) {
    const { commands, own, preparation, devices } = network;
    if (network.isDeviceUp) {
      devices.learn();
      return;
    }
    const result = await commands.runOwn('PostStartupCommand', own, signal);
    const mayBeGone = preparation.outages.longestMs > 0 && commands.has('CheckCommand');
    if (result.kind === 'ok' || !mayBeGone || signal.aborted) require(result, preparation);
    else requireRebuilt(await rebuild(network, signal), preparation);
    await settleMtu(commands, preparation);
    devices.learn();
  },

  /**
   * Looks at the interface first: the device follows an interface that has changed. If a device is gone, or CheckCommand reports a broken
   * network, PreStartup and PostStartup run again.
   */
  async ensure(network, look, mayRepair, signal) {
    const { sight } = network.underlay;
    if (sight.kind === 'changed') {
      const trouble = { because: sight.because, detail: '' };
      return mayRepair(trouble)
        ? followUnderlay(network, sight.underlay, signal)
        : { kind: 'broken', trouble };
    }
    // Packets cannot use this interface, so a device cannot be built on it. Another concern reports that.
    if (sight.kind === 'unusable') return { kind: 'waiting' };
    network.devices.look();
    const because = network.devices.trouble;
    if (because !== undefined) {
      const trouble = { because, detail: '' };
      return mayRepair(trouble) ? rebuild(network, signal) : { kind: 'broken', trouble };
    }
    const seen = await look.see();
    if (seen.kind !== 'broken') return whole;
    const trouble = showTrouble(seen.trouble);
    return mayRepair(trouble) ? rebuild(network, signal) : { kind: 'broken', trouble };
  },

  watch({ devices }) {
    devices.start();
    return () => devices.stop();
  },

  async down({ commands, own }) {
    const result = await commands.runOwn('ShutdownCommand', own);
    return result.kind === 'ok' ? gone : { kind: 'left', what: 'device' };
  },

  forget: () => Promise.resolve(),
};

/** Runs PreStartup, which makes what must exist before the lease. Returns the attributes for this node's lease. Throws a Failure. */
export async function announce(
  commands: CommandRunner,
  preparation: Preparation,
  signal: AbortSignal,
): Promise<LeaseAttributes> {
  const { stdout } = require(await commands.runOwn('PreStartupCommand', undefined, signal), preparation);
  return ownAttributes(preparation.loaded.recipe, commands.facts, stdout);
}

function require(result: CommandResult, { loaded }: Preparation): Extract<CommandResult, { kind: 'ok' }> {
  if (result.kind === 'ok') return result;
  throw cannotBringUp(loaded, showTrouble(result.trouble));
}

function requireRebuilt(outcome: EnsureResult, { loaded }: Preparation): void {
  if (outcome.kind === 'broken') throw cannotBringUp(loaded, outcome.trouble);
}

function cannotBringUp({ recipe }: LoadedRecipe, { because, detail }: PartTrouble): Failure {
  return new Failure('command', `the network of ${recipe.name} cannot be brought up: ${because}`, {
    hint: 'correct the command, or what it needs on this host; heddle recipe explain shows its environment',
    detail,
  });
}

/** Reads the MTU from the devices of a recipe that does not declare its overhead. */
async function settleMtu(commands: CommandRunner, { loaded, network, underlay }: Preparation): Promise<void> {
  if (loaded.recipe.overhead !== undefined) return;
  const networks = networksOf(network.configuration);
  const { configuration } = network;
  const expected = publishedMtu(commands.facts.mtus);
  const { mtu, because } = await findOverlayMtu({ ...underlay, mtu: expected }, networks);
  requireLeastDeviceMtu(configuration, mtu, because);
  commands.learn({ mtus: mapFamilies(configuration, () => mtu) });
}

/**
 * Brings the device up again on an interface that has changed. The lease stays, with this node's present addresses, and running pods keep
 * their MTU. All peers are added again if the recipe cannot check which ones are lost.
 */
async function followUnderlay(
  network: LiveNetwork,
  underlay: ChosenInterface,
  signal: AbortSignal,
): Promise<EnsureResult> {
  const { commands, loop, options } = network;
  const preparation = { ...network.preparation, underlay };
  const before = commands.facts;
  try {
    const { loaded, network: wanted } = preparation;
    const { configuration, parameterValues } = wanted;
    requireLeastMtu(configuration, { recipe: loaded.recipe, parameterValues, iface: underlay });
  } catch (error) {
    return brokenBy(error);
  }
  commands.learn(factsOfPreparation(preparation, options));
  const outcome = await rebuild(network, signal);
  if (outcome.kind !== 'repaired') {
    // The interface may have its old state at the next try.
    commands.learn(before);
    return outcome;
  }
  try {
    await settleMtu(commands, preparation);
    await network.settleUnderlay(underlay);
  } catch (error) {
    return brokenBy(error);
  }
  if (!commands.has('CheckCommand')) loop.checked(new Set(), loop.engine.checkpoint);
  return repaired;
}

/**
 * Runs PreStartup and PostStartup again. The lease stays; new backend data (a new MAC, for example) is published, so that the peers follow.
 * No peer is touched meanwhile.
 */
async function rebuild(network: LiveNetwork, signal: AbortSignal): Promise<EnsureResult> {
  const { loop, devices } = network;
  await loop.pause();
  try {
    return await devices.pauseDuring(() => buildAgain(network, signal));
  } catch (error) {
    return brokenBy(error);
  } finally {
    loop.resume();
  }
}

async function buildAgain(network: LiveNetwork, signal: AbortSignal): Promise<EnsureResult> {
  const { commands, own, keeper, preparation, drift, devices } = network;
  const before = await prepareAgain(commands, own, signal);
  if (before.kind === 'trouble') return { kind: 'broken', trouble: showTrouble(before.trouble) };
  const attributes = ownAttributes(preparation.loaded.recipe, commands.facts, before.stdout);
  await keeper.publish(encodeAttributes(attributes));
  const after = await commands.runOwn('PostStartupCommand', own, signal);
  if (after.kind === 'trouble') return { kind: 'broken', trouble: showTrouble(after.trouble) };
  drift.rebuilt();
  devices.learn();
  return repaired;
}

/**
 * Runs PreStartup again. A recipe without CheckCommand does not promise that this works while a part of the network is still there. So if
 * PreStartup fails, it runs once more after Shutdown.
 */
async function prepareAgain(
  commands: CommandRunner,
  own: LeaseSubnets,
  signal: AbortSignal,
): Promise<CommandResult> {
  const result = await commands.runOwn('PreStartupCommand', undefined, signal);
  const mayBeInTheWay = !commands.has('CheckCommand') && commands.has('ShutdownCommand');
  if (result.kind === 'ok' || !mayBeInTheWay || signal.aborted) return result;
  await commands.runOwn('ShutdownCommand', own, signal);
  return commands.runOwn('PreStartupCommand', undefined, signal);
}

function showTrouble(trouble: CommandTrouble): PartTrouble {
  return { because: describeTrouble(trouble), detail: troubleDetail(trouble) };
}
