import type { Command } from 'commander';
import { addFlanneldOptions } from '../flanneld/declare-options.ts';
import { addUpOptions } from '../up/up-options.ts';

/** `heddle doctor`: checks that this host can carry the network that `heddle up` with the same options would bring up. */
export function registerDoctor(program: Command): void {
  const doctor = addUpOptions(program.command('doctor'))
    .summary('check that this host can carry the network, and say what to correct')
    .description(
      'Checks that this host can carry the network that heddle up would bring up with the same options. ' +
        'For each problem, doctor prints the fix. doctor changes nothing.',
    )
    .option('--probe', 'ping each of the first eight peers in the store twice, to check the MTU of the path')
    .option('--json', 'print one JSON object')
    .action(async (_: unknown, self: Command) => {
      const { runDoctor } = await import('./run-doctor.ts');
      await runDoctor(self);
    });
  addFlanneldOptions(doctor);
}
