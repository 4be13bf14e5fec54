import type { LeaseSubnets, Peer } from '../../lease/lease.ts';
import { mapFamilies, noFamily, type PerFamily } from '../../network/per-family.ts';
import { publicAddresses } from '../../network/public-addresses.ts';
import { parseScript } from '../../recipe/sh/parse-script.ts';
import type { CommandRunner } from './command-runner.ts';
import { compileCommand } from './compile-command.ts';

/** Whether a peer's commands do something else for a peer on an own link of this node. */
export type UsesLink = (peer: Peer) => boolean;

/**
 * Finds out from the commands for a peer whether they depend on `ON_LINK_DEV`. Commands that do not name it do not; commands that name it
 * and that only a shell can follow do.
 */
export function findLinkUse(commands: CommandRunner, own: LeaseSubnets): UsesLink {
  const names = (['SubnetAddCommand', 'SubnetRemoveCommand'] as const).filter((name) =>
    commands.commandText(name)?.includes('ON_LINK_DEV'),
  );
  return (peer) => {
    const onLink = mapFamilies(publicAddresses(peer), () => commands.facts.iface);
    return names.some((name) => {
      const calls = (devices: PerFamily<string>) =>
        callsOf(commands, name, own, { ...peer, link: { devices, matters: true } });
      const direct = calls(onLink);
      return direct === undefined || direct !== calls(noFamily);
    });
  };
}

/** All that a command may call for a peer, as text; undefined if only a shell can tell. */
function callsOf(
  commands: CommandRunner,
  name: 'SubnetAddCommand' | 'SubnetRemoveCommand',
  own: LeaseSubnets,
  peer: Peer,
): string | undefined {
  const command = commands.peerCommand(name, own, peer);
  if (command === undefined) return '';
  const compilation = compileCommand(command, parseScript(command.source.text), () => true);
  if (compilation.kind === 'shell') return undefined;
  return JSON.stringify(
    compilation.paths.map(({ calls }) =>
      calls.map(({ call, outcome }) => [
        call.program,
        call.arguments,
        [...call.environment],
        call.stdin,
        outcome,
      ]),
    ),
  );
}
