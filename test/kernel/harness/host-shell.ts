import type { Outcome, Shell } from '../../../src/shell/shell.ts';
import type { Host } from './host.ts';

/** Runs a daemon's jobs on a host of a test. */
export function shellOf(host: Host): Shell {
  return {
    run: async ({ script, environment, stdin, cwd }): Promise<Outcome> => {
      const begin = performance.now();
      // A socket, which a test's program has as its standard input, cannot be opened by the name /dev/stdin.
      const command = ['sh', '-c', 'cat | { cd "$1" && eval "$2"; }', '-', cwd, script.text];
      const { exitCode, stdout, stderr } = await host.run(command, { environment, input: stdin });
      const facts = {
        stdout: { text: stdout, truncated: 0 },
        stderr: { text: stderr, truncated: 0 },
        durationMs: performance.now() - begin,
        line: undefined,
      };
      if (exitCode === undefined) return { kind: 'killed', signal: 'SIGKILL', ...facts };
      return exitCode === 0 ? { kind: 'succeeded', ...facts } : { kind: 'failed', exitCode, ...facts };
    },
    close: () => Promise.resolve(),
  };
}
