import type { Command } from '../../../src/recipe/recipe.ts';

/** A shell that a recipe has to work in. */
export interface TestShell {
  readonly name: string;
  /** The arguments that run a recipe's command by the contract, in its state directory. */
  arguments(command: Command): readonly string[];
}

export const dash: TestShell = {
  name: 'dash',
  arguments: (command) => inStateDirectory(['dash', '-c', commandText(command)]),
};

/** Debian's busybox puts its own `ip` before the one on PATH; where ash is the shell of a router, iproute2's is meant. */
export const busyboxAsh: TestShell = {
  name: 'busybox ash',
  arguments: (command) =>
    inStateDirectory([
      ...['sh', '-c', 'exec busybox sh -c "ip() { $(command -v ip) \\"\\$@\\"; }; $1"', '-'],
      commandText(command),
    ]),
};

function commandText(command: Command): string {
  const text = command.lines.map((line) => line.text).join('\n');
  return command.form === 'lines' ? `set -e\n${text}` : text;
}

function inStateDirectory(command: readonly string[]): readonly string[] {
  return ['sh', '-c', 'umask 077; cd "$STATE_DIR" && exec "$@"', '-', ...command];
}
