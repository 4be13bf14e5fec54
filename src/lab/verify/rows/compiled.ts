import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

export const compiled: PromiseRow = {
  id: 'compiled',
  sentence: 'With --compile on and off, the kernel has the same entries',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    await bench.settle();
    await bench.rebuild(['--compile', 'off']);
    const byShell = await bench.readState();
    await bench.rebuild(['--compile', 'on']);
    const other = await bench.becomes(byShell);
    if (other !== undefined) {
      return bench.blame(
        'SubnetAddCommand',
        `with --compile on, the node ${other}, compared with --compile off`,
      );
    }
    return kept('off, then on');
  },
};
