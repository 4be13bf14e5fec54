import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';

/** The Debian packages of the programs that recipes use. */
const programsByPackage: Readonly<Record<string, readonly string[]>> = {
  'bridge-utils': ['brctl'],
  conntrack: ['conntrack'],
  coreutils: [
    'base64',
    'cat',
    'cut',
    'head',
    'mkfifo',
    'od',
    'readlink',
    'sha256sum',
    'sort',
    'tail',
    'tee',
    'timeout',
    'tr',
    'wc',
  ],
  curl: ['curl'],
  ethtool: ['ethtool'],
  'etcd-client': ['etcdctl'],
  'etcd-server': ['etcd'],
  grep: ['grep'],
  iproute2: ['bridge', 'devlink', 'genl', 'ip', 'nstat', 'ss', 'tc'],
  ipset: ['ipset'],
  iptables: [
    'ip6tables',
    'ip6tables-restore',
    'ip6tables-save',
    'iptables',
    'iptables-restore',
    'iptables-save',
  ],
  'iputils-arping': ['arping'],
  'iputils-ping': ['ping', 'ping6'],
  jq: ['jq'],
  kmod: ['insmod', 'lsmod', 'modprobe', 'rmmod'],
  mawk: ['awk'],
  'net-tools': ['arp', 'ifconfig', 'nameif', 'netstat', 'route'],
  'netcat-openbsd': ['nc'],
  nftables: ['nft'],
  openssl: ['openssl'],
  openvpn: ['openvpn'],
  procps: ['pgrep', 'pkill', 'ps', 'sysctl'],
  sed: ['sed'],
  socat: ['socat'],
  'strongswan-starter': ['ipsec'],
  'strongswan-swanctl': ['swanctl'],
  systemd: ['systemctl', 'systemd-notify'],
  tcpdump: ['tcpdump'],
  'util-linux': ['flock', 'logger', 'lsns', 'mount', 'nsenter', 'setpriv', 'setsid', 'umount', 'unshare'],
  'wireguard-go': ['wireguard-go'],
  'wireguard-tools': ['wg', 'wg-quick'],
};

const packageOf = new Map(
  Object.entries(programsByPackage).flatMap(([name, programs]) => programs.map((program) => [program, name])),
);

interface MissingProgram {
  readonly program: string;
  /** The Debian package that has the program, if known. */
  readonly package: string | undefined;
}

/**
 * Finds the programs that a command with this PATH would not find. A name with a slash is a path. Nothing is started.
 */
export function findMissingPrograms(
  programs: readonly string[],
  path: string = process.env['PATH'] ?? '',
): readonly MissingProgram[] {
  const directories = path.split(delimiter);
  return [...new Set(programs)]
    .filter((program) => !isFound(program, directories))
    .map((program) => ({ program, package: packageOf.get(program) }));
}

/** Throws Failure `prerequisite`, with the packages to install, if a command with this PATH would not find one of the programs. */
export function requirePrograms(programs: readonly string[], path?: string): void {
  const missing = findMissingPrograms(programs, path);
  if (missing.length === 0) return;
  const names = missing.map(({ program }) => program).join(', ');
  const packages = [...new Set(missing.flatMap((each) => each.package ?? []))].sort();
  throw new Failure(
    'prerequisite',
    missing.length === 1
      ? `the program ${names} is not on PATH`
      : `${missing.length} programs are not on PATH: ${names}`,
    { hint: packages.length === 0 ? 'install it, or correct PATH' : `apt-get install ${packages.join(' ')}` },
  );
}

function isFound(program: string, directories: readonly string[]): boolean {
  if (program.includes('/')) return isProgram(program);
  return directories.some((directory) => isProgram(resolve(directory, program)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
