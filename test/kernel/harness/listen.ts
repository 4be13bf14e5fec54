import { createInterface } from 'node:readline';
import { endProgram, type Host } from './host.ts';
import { until } from '../../support/until.ts';

/** What a listening program prints while work is done. */
export interface Listener {
  /** Waits for a line that matches and that no earlier wait has passed; returns the lines before it. */
  readonly until: (pattern: RegExp) => Promise<readonly string[]>;
}

interface ListeningProgram {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A route, as `ip route add` takes it, of whose coming and going the program tells. */
  readonly proof: string;
}

/**
 * Does some work while a program listens to the kernel. It hears nothing of what comes before it listens, so a route is
 * added and deleted until it is heard of; then the work begins.
 */
export async function whileListening(
  host: Host,
  { command, environment, proof }: ListeningProgram,
  work: (listener: Listener) => Promise<void>,
): Promise<void> {
  const program = host.start(command, environment && { environment });
  const reader = createInterface({ input: program.stdout });
  const lines: string[] = [];
  let passed = 0;
  const state = { ended: false };
  reader.on('line', (line) => lines.push(line));
  reader.on('close', () => (state.ended = true));
  const next = async (pattern: RegExp): Promise<readonly string[]> => {
    const from = passed;
    const found = await until(
      `${command.join(' ')} to print ${String(pattern)}`,
      () => {
        const at = lines.findIndex((line, index) => index >= passed && pattern.test(line));
        if (at !== -1) return at;
        if (state.ended) throw new Error(`${command.join(' ')} ended and had not printed ${String(pattern)}`);
        return undefined;
      },
      () => lines.slice(from).join('\n'),
    );
    passed = found + 1;
    return lines.slice(from, found);
  };
  try {
    const destination = /[0-9.]{7,}/.exec(proof)?.[0] ?? proof;
    await until(`${command.join(' ')} to listen`, async () => {
      if (state.ended || lines.some((line) => line.includes(destination))) return true;
      await host.sh(`ip route add ${proof}; ip route delete ${proof}`);
      return false;
    });
    passed = lines.length;
    await work({ until: next });
  } finally {
    if (program.exitCode === null) endProgram(program);
    await program;
  }
}
