import { quote } from 'shell-quote';

/** A choice of `heddle down` that a hint may name. */
type DownFlag = '--release-lease' | '--forget';

/** The command that takes down the network of a state directory, for hints: an operator can copy it into a shell as it is. */
export function downCommand(stateDirectory: string, ...flags: readonly DownFlag[]): string {
  return quote(['heddle', 'down', ...flags, '--state-dir', stateDirectory]);
}

/** The command that starts a daemon with a state directory, for hints. The other options of a start are the operator's. */
export function upAgainCommand(stateDirectory: string): string {
  return quote(['heddle', 'up', '--state-dir', stateDirectory]);
}

/** The command that shows the status of the daemon of a state directory. */
export function statusCommand(stateDirectory: string): string {
  return quote(['heddle', 'status', '--state-dir', stateDirectory]);
}
