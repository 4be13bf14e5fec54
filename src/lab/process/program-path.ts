/** Where Debian keeps `ip`, `bridge` and the like, which a user's own PATH may lack. */
const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** A PATH on which the programs that a lab calls are found: the one given, then the system's directories. */
export function programPath(path: string | undefined): string {
  const given = path === undefined || path === '' ? [] : path.split(':');
  return [...given, ...systemDirectories.filter((directory) => !given.includes(directory))].join(':');
}
