import { Option, type Command } from 'commander';
import { addInterfaceOptions } from './arguments/interface-options.ts';
import { stateDirectoryOption } from './arguments/options.ts';
import { refuseBadPatterns } from './arguments/patterns.ts';
import type { ExplainedNetwork, IfaceFlags } from './run-iface-explain.ts';

/** `heddle iface`: the interface and the addresses that `heddle up` would use. */
export function registerIface(program: Command): void {
  const iface = program
    .command('iface')
    .summary('show which interface and address this node uses, and why')
    .description('The interface to the other nodes, and the addresses on it.');
  addInterfaceOptions(iface.command('explain'))
    .summary('show why each interface and address is taken or passed over')
    .description(
      'Shows why heddle up, with the same options, would take or pass over each interface and address. Changes nothing.',
    )
    .addOption(
      new Option('--families <families>', 'the address families of the network')
        .choices(['ipv4', 'ipv6', 'dual-stack'] satisfies ExplainedNetwork[])
        .default('ipv4'),
    )
    .addOption(stateDirectoryOption())
    .option('--json', 'print one JSON object')
    .action(async (flags: IfaceFlags, self: Command) => {
      await refuseBadPatterns(self);
      const { explainIface } = await import('./run-iface-explain.ts');
      await explainIface(flags);
    });
}
