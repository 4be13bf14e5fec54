/**
 * Shell text that runs a program which listens until it is ended. With util-linux's setpriv, the program ends with the daemon, even if the
 * daemon is killed.
 *
 * @param program the program and its arguments, as shell text
 */
export function listeningScript(program: string): string {
  return [
    `set -- ${program}`,
    'if setpriv --pdeathsig TERM true 2>/dev/null; then set -- setpriv --pdeathsig TERM "$@"; fi',
    'exec "$@"',
  ].join('\n');
}
