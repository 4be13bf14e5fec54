/** A stream that may be a terminal: process.stdout, process.stderr. */
interface OutputStream {
  readonly isTTY?: boolean;
}

/**
 * Whether to write colours to a stream. FORCE_COLOR decides if it is set (`0` and `false` mean no), then NO_COLOR (see no-color.org), then
 * whether the stream is a terminal that is not dumb. Every command of heddle uses this rule.
 */
export function usesColour(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused, TERM: terminal } = environment;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (refused !== undefined && refused !== '') return false;
  return stream.isTTY === true && terminal !== 'dumb';
}
