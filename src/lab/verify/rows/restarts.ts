import type { PromiseBench } from '../bench/bench.ts';
import { lossOf } from '../bench/bench.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

export const restart: PromiseRow = {
  id: 'restart',
  sentence: 'A restart of the daemon with --on-exit leave loses no packet',
  means: [],
  run: (bench) => restartUnderPing(bench, 'SIGTERM'),
};

export const crash: PromiseRow = {
  id: 'crash',
  sentence: 'A daemon that is killed and started again loses no packet',
  means: [],
  run: (bench) => restartUnderPing(bench, 'SIGKILL'),
};

async function restartUnderPing(bench: PromiseBench, signal: NodeJS.Signals): Promise<PromiseOutcome> {
  await bench.settle();
  const pings = await bench.ping(bench.partner);
  try {
    await bench.end(bench.observed, signal);
    await bench.observed.restart();
    const changed = await bench.becomes(bench.moments.full);
    const loss = await lossOf(pings);
    if (loss !== undefined)
      return bench.blame('PreStartupCommand', `${loss} while the daemon was started again`);
    if (changed !== undefined)
      return bench.blame('PreStartupCommand', `after the restart, the node ${changed}`);
    return kept('0 packets lost');
  } finally {
    for (const ping of pings) ping.stop();
  }
}
