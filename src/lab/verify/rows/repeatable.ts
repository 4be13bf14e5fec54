import type { CommandName } from '../../../recipe/recipe.ts';
import type { PromiseBench } from '../bench/bench.ts';
import { runCommand } from '../bench/run-command.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

/** The commands that run once more while the peer is there, in the order of a node's life. */
const whileThere = [
  'PreStartupCommand',
  'PostStartupCommand',
  'SubnetAddCommand',
  'SubnetBatchCommand',
  'CheckCommand',
] as const satisfies readonly CommandName[];

/** The time that the kernel has after a command that runs again, in milliseconds. */
const settleMs = 300;

export const repeatable: PromiseRow = {
  id: 'repeatable',
  sentence: 'Every command can run twice: the second run succeeds and changes nothing',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    await bench.settle();
    for (const name of whileThere) {
      const trouble = await repeat(bench, name, 'full');
      if (trouble) return trouble;
    }
    await bench.removeGuest();
    await bench.becomes(bench.moments.base);
    const trouble = await repeat(bench, 'SubnetRemoveCommand', 'base');
    const tried = [...whileThere, 'SubnetRemoveCommand' as const].filter(
      (name) => bench.recipe.commands[name],
    );
    return trouble ?? kept(`${tried.length} commands`);
  },
};

async function repeat(
  bench: PromiseBench,
  name: CommandName,
  moment: 'full' | 'base',
): Promise<PromiseOutcome | undefined> {
  const before = bench.moments[moment];
  // What an earlier promise left is not this command's work.
  if (await bench.differenceFrom(before, 0)) return undefined;
  const [first, second] = [await runCommand(bench, name), await runCommand(bench, name)];
  if (first.kind === 'failed')
    return bench.blame(name, `${name} ${first.how} when it ran a second time`, first.where);
  if (second.kind === 'failed')
    return bench.blame(name, `${name} ${second.how} when it ran a third time`, second.where);
  if (name === 'PreStartupCommand' && first.stdout !== second.stdout) {
    return bench.blame(
      name,
      `${name} printed other backend data when it ran again, so all peers would change`,
    );
  }
  const changed = await bench.becomes(before, settleMs);
  return changed === undefined
    ? undefined
    : bench.blame(name, `after a second run of ${name}, the node ${changed}`);
}
