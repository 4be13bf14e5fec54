/** The directories in which Debian keeps `ip`, `bridge` and similar programs. A user's own PATH may lack them. */
const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** A PATH with the programs that a lab calls: the given PATH, then the system's directories. */
export function programPath(path: string | undefined): string {
  const given = path === undefined || path === '' ? [] : path.split(':');
  return [...given, ...systemDirectories.filter((directory) => !given.includes(directory))].join(':');
}
