import { compareStates, describeDifference, isSame } from '../../plan/kernel/kernel-state.ts';
import { processesOf } from '../../inside/leftovers.ts';
import { runCommand } from '../bench/run-command.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

export const clean: PromiseRow = {
  id: 'clean',
  sentence: 'heddle down leaves nothing behind',
  // A recipe without devices of its own needs no ShutdownCommand.
  means: [],
  needsNoConnection: true,
  async run(bench): Promise<PromiseOutcome> {
    await bench.settle();
    const { observed } = bench;
    await bench.takeDown(observed);
    const difference = compareStates(bench.moments.boot, await bench.readState());
    if (!isSame(difference)) {
      const because = `after heddle down, the node ${describeDifference(difference)}, compared with before its first daemon`;
      const add = bench.recipe.commands.ShutdownCommand === undefined ? 'ShutdownCommand' : undefined;
      return { ...bench.blame('ShutdownCommand', because), add };
    }
    const processes = await processesOf(observed);
    if (processes.length > 0)
      return bench.blame('ShutdownCommand', `after heddle down, the node still runs ${processes.join(', ')}`);
    const again = await runCommand(bench, 'ShutdownCommand');
    if (again.kind === 'failed')
      return bench.blame(
        'ShutdownCommand',
        `ShutdownCommand ${again.how} when it ran a second time`,
        again.where,
      );
    await observed.restart();
    return kept('links, addresses, routes, rules, neighbours, fdb, nftables, processes');
  },
};
