import type { Diary } from './diary.ts';
import type { RestCheck } from './rest.ts';

const everySeconds = 15;
const columns = ['time', 'changes', 'etcd', 'daemons', 'network', 'memory', 'files'] as const;
const width = 9;

/** Shows on stderr, while the soak runs, what happens: a line every 15 seconds, and one for each check. */
export class Progress {
  #nextAt = 0;

  /** Shows how the node that is watched is, if it is time. */
  tick(diary: Diary, memoryMb: number, descriptors: number): void {
    if (diary.seconds < this.#nextAt) return;
    if (this.#nextAt === 0) this.#row(columns);
    this.#nextAt = diary.seconds + everySeconds;
    this.#row([
      clock(diary.seconds),
      String(diary.count('change')),
      String(diary.sum(/^etcd/)),
      String(diary.sum(/^(daemon|start) (killed|terminated)/)),
      String(diary.sum(/^(address|entries|stray|device|node|daemon stopped)/)),
      `${memoryMb.toFixed(0)} MB`,
      String(descriptors),
    ]);
  }

  checked({ passed, atSeconds, tookSeconds, nodes }: RestCheck): void {
    const parts = nodes.map(
      ({ name, wanted, stale, missing }) =>
        `${name} ${wanted} entries, ${stale.length} stale, ${missing.length} missing`,
    );
    this.#say(
      `${clock(atSeconds).padStart(width)}  ${passed ? '✔' : '✘'} after ${tookSeconds.toFixed(1)} s: ${parts.join('; ')}`,
    );
  }

  #row(cells: readonly string[]): void {
    this.#say(cells.map((cell) => cell.padStart(width)).join(''));
  }

  #say(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
