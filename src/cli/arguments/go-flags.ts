/**
 * Lets `up` be called as flanneld is: Go's flag package takes `-iface eth0` and `--iface eth0` alike. A single dash before
 * a long name becomes two; everything else, and everything after `--`, is left as it is.
 */
export function acceptGoFlags(argv: readonly string[]): string[] {
  const at = argv.indexOf('up');
  if (at === -1) return [...argv];
  const end = argv.indexOf('--', at);
  return argv.map((argument, index) => {
    const isOption = index > at && (end === -1 || index < end);
    return isOption && /^-[a-z][a-z0-9]*-?[a-z0-9-]+(=|$)/.test(argument) ? `-${argument}` : argument;
  });
}
