import { Failure } from '../../diagnostic/failure.ts';
import type { CommandTrouble } from '../../event/trouble.ts';
import type { NodeFacts } from '../../contract/environment.ts';
import type { LeaseAttributes } from '../../lease/lease.ts';
import { encodeAttributes } from '../../lease/wire.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { LeasedNetwork } from './leased-network.ts';
import type { LeaseKeeper } from '../lease/lease-keeper.ts';
import { ownAttributes } from '../../contract/own-attributes.ts';
import type { PeerLoop } from '../peers/peer-loop.ts';
import type { Preparation } from '../setup/prepare.ts';

export interface RebuildContext {
  readonly preparation: Preparation;
  readonly leased: LeasedNetwork;
  readonly keeper: LeaseKeeper;
  readonly loop: PeerLoop;
}

/**
 * PreStartup and PostStartup once more, for a network whose CheckCommand says that it is broken. The lease stays; if its
 * backend data is another now (a new MAC, say), it is published, so that the peers follow. No peer is touched meanwhile.
 */
export async function rebuildNetwork(
  { preparation, leased, keeper, loop }: RebuildContext,
  signal: AbortSignal,
): Promise<CommandTrouble | undefined> {
  const { commands, subnets } = leased;
  await loop.pause();
  try {
    const before = await commands.runOwn('PreStartupCommand', undefined, signal);
    if (before.kind === 'trouble') return before.trouble;
    const attributes = readAttributes(preparation.loaded.recipe, commands.facts, before.stdout);
    if (attributes.kind === 'refused') return attributes.trouble;
    await keeper.publish(encodeAttributes(attributes.value));
    const after = await commands.runOwn('PostStartupCommand', subnets, signal);
    return after.kind === 'trouble' ? after.trouble : undefined;
  } finally {
    loop.resume();
  }
}

type Attributes =
  | { readonly kind: 'valid'; readonly value: LeaseAttributes }
  | { readonly kind: 'refused'; readonly trouble: CommandTrouble };

function readAttributes(recipe: Recipe, facts: NodeFacts, stdout: string): Attributes {
  try {
    return { kind: 'valid', value: ownAttributes(recipe, facts, stdout) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const how = `printed what no node would accept: ${error.message}`;
    const trouble: CommandTrouble = {
      command: 'PreStartupCommand',
      how,
      where: undefined,
      text: undefined,
      stderr: '',
    };
    return { kind: 'refused', trouble };
  }
}
