import type { Link } from '../../host/interface/ip-output.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { findMissingPrograms } from '../../host/programs.ts';
import { mayStand } from '../../host/state/standing-network.ts';
import type { PerFamily } from '../../network/per-family.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { judgeStart } from '../checks.ts';
import { planDevices } from '../devices/planned-devices.ts';
import type { StartFacts } from '../facts.ts';
import { readModules } from './kernel-modules.ts';
import { readUdpSockets } from './udp-sockets.ts';

/** The parts of a start that the checks need. */
export interface StartedNetwork {
  readonly recipe: Pick<Recipe, 'commands'>;
  /** The variables of the recipe's commands. */
  readonly variables: Readonly<Record<string, string>>;
  readonly families: PerFamily<unknown>;
  readonly stateDirectory: string;
  readonly links: readonly Link[];
}

/** Reads the facts for the checks of a start: a few files, and no program. */
export async function readStartFacts(network: StartedNetwork): Promise<StartFacts> {
  const { recipe, variables, families, stateDirectory, links } = network;
  const plan = planDevices(recipe, variables);
  // A device that exists has its own socket, and VXLAN devices of one port share theirs.
  const ports = plan.devices.flatMap(({ name, kind, port }) => {
    const isThere = links.some(
      (link) => link.name === name || (kind === 'vxlan' && link.vxlan?.port === port),
    );
    return isThere ? [] : (port ?? []);
  });
  const [sockets, modules, hasEarlierNetwork] = await Promise.all([
    ports.length > 0 ? readUdpSockets(ports) : [],
    readModules(plan),
    mayStand(stateDirectory),
  ]);
  const hasWireguardGo = plan.usesWireguardGo && findMissingPrograms(['wireguard-go']).length === 0;
  return { plan, links, sockets, modules, hasEarlierNetwork, families, hasWireguardGo };
}

/** Throws Failure `unfit` for the first error that the checks of a start find. */
export async function requireFitHost(network: StartedNetwork): Promise<void> {
  const error = judgeStart(await readStartFacts(network)).find(({ level }) => level === 'error');
  if (error === undefined) return;
  const hint = [error.advice, error.command].filter((text) => text !== null).join(': ');
  throw new Failure('unfit', error.message, { hint });
}
