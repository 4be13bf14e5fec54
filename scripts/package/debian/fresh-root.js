import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runHelper } from '../run-helper.js';

/** The packages of a fresh Debian for the tests of heddle's package: what they need of its dependencies and recommendations, and what reads its pages. */
const included = [
  ...['iproute2', 'iptables', 'iputils-ping', 'mount', 'nftables', 'procps', 'systemd'],
  ...['bash-completion', 'man-db', 'openssl', 'tcpdump', 'zsh'],
];

/** The machine's own list of where Debian's packages are. */
const sourceLists = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];

/**
 * The archive of a fresh root of this machine's Debian, made by mmdebstrap and kept in the user's cache. Throws an error if that fails.
 * @returns {string}
 */
export function freshRootArchive() {
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const key = createHash('sha256')
    .update(JSON.stringify([suite, process.arch, included]))
    .digest('hex')
    .slice(0, 12);
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'heddle', 'package');
  const archive = join(cache, `debian-${suite}-${key}.tar`);
  if (existsSync(archive)) return archive;
  const list = sourceLists.find((path) => existsSync(path));
  if (list === undefined) throw new Error('this machine has no list of Debian packages');
  mkdirSync(cache, { recursive: true });
  const draft = `${archive}.${process.pid}.tar`;
  try {
    const args = ['--mode=root', '--variant=minbase', `--include=${included.join(',')}`, suite, draft, list];
    runHelper('mmdebstrap', args, { timeout: 900_000 });
    renameSync(draft, archive);
  } finally {
    rmSync(draft, { force: true });
  }
  return archive;
}
