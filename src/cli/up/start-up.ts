import type { Command } from 'commander';
import { readVersion } from '../../host/version.ts';
import { findOptionsInForce, listOptionsInForce } from './options-in-force.ts';
import { readCommandLine } from './read-command-line.ts';
import { refuseTwoOutputs, type UpFlags } from './up-flags.ts';

/** Does what the command line of `heddle up` says, once commander has read it. Throws a {@link Failure} of kind `usage`. */
export async function startUp(self: Command): Promise<void> {
  const flags = self.opts<UpFlags>();
  if (flags.version === true) {
    process.stdout.write(`${readVersion()}\n`);
    return;
  }
  refuseTwoOutputs(flags);
  const { options, warnings, impliedBy } = await readCommandLine(self);
  const { store, parameters } = options;
  const inForce = findOptionsInForce(self, { store, parameters, impliedBy });
  if (flags.printConfig) {
    const { printConfiguration } = await import('./print-config.ts');
    printConfiguration({ options: inForce, warnings }, flags.json ?? false);
    return;
  }
  if (flags.dryRun) {
    const { dryRun } = await import('./dry-run.ts');
    await dryRun(options, warnings, flags.json ?? false);
    return;
  }
  const { runUp } = await import('./run-up.ts');
  const optionsInForce = listOptionsInForce(inForce);
  const log = { format: flags.logFormat, level: flags.logLevel };
  await runUp(options, log, { optionsInForce, warnings });
}
