import type { PromiseBench } from '../bench/bench.ts';
import { SlowPrograms } from '../bench/slow-programs.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

/** The time until a command runs after its lease changed, in milliseconds. */
const beginMs = 5000;

export const interrupted: PromiseRow = {
  id: 'interrupted',
  sentence: 'A daemon that is killed during an add or a remove leaves nothing wrong after its next start',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    const slow = new SlowPrograms(bench);
    const { requires } = bench.recipe;
    await bench.settle();
    await slow.prepare(requires);
    try {
      return (
        (await killDuring(bench, slow, 'remove')) ??
        (await killDuring(bench, slow, 'add')) ??
        kept('an add and a remove')
      );
    } finally {
      await slow.remove(requires);
    }
  },
};

/** Kills the daemon during an operation, and takes the wish for the operation back before the next start. */
async function killDuring(
  bench: PromiseBench,
  slow: SlowPrograms,
  operation: 'add' | 'remove',
): Promise<PromiseOutcome | undefined> {
  const { base, full } = bench.moments;
  const isAdd = operation === 'add';
  const command = isAdd ? 'SubnetAddCommand' : 'SubnetRemoveCommand';
  if (bench.recipe.commands[command] === undefined) return undefined;
  const [wish, takeBack] = isAdd
    ? [() => bench.putGuest(), () => bench.removeGuest()]
    : [() => bench.removeGuest(), () => bench.putGuest()];
  await takeBack();
  await bench.becomes(isAdd ? base : full);
  await slow.slowDown();
  await wish();
  // A command that changes nothing by a program cannot be slow.
  await slow.hasBegun(beginMs);
  await bench.end(bench.observed, 'SIGKILL');
  await takeBack();
  await slow.speedUp();
  await bench.observed.restart();
  await slow.awaitStragglers();
  const wrong = await bench.becomes(isAdd ? base : full);
  return wrong === undefined
    ? undefined
    : bench.blame(
        command,
        `the daemon was killed during ${isAdd ? 'an add' : 'a remove'}, and after its next start the node ${wrong}`,
      );
}
