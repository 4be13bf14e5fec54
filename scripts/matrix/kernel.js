import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../test/cache.js';
import { hasProgram } from './features.js';

/** The program that runs the guest, and Debian's package that has it. */
export const emulator = { program: 'qemu-system-x86_64', package: 'qemu-system-x86' };

/** Milliseconds that the download of 70 MB may take. */
const downloadTimeoutMs = 300_000;

/** The parts of the package that the guest needs: the kernel, and the modules of the network, its ciphers and its file systems. */
const neededParts = [
  './boot/vmlinuz-*',
  ...[
    'modules.*',
    ...['net', 'crypto', 'lib', 'arch', 'fs/9p', 'fs/netfs', 'fs/fscache', 'fs/overlayfs'].map(inKernel),
    ...['drivers/net/*.ko*', 'drivers/net/vxlan', 'drivers/net/wireguard', 'drivers/virtio'].map(inKernel),
  ].map((part) => `*/lib/modules/*/${part}`),
];

/** @param {string} part */
function inKernel(part) {
  return `kernel/${part}`;
}

/**
 * A Debian kernel in the cache.
 * @typedef {object} GuestKernel
 * @property {string} version `6.1.0-56-amd64`
 * @property {string} image the file to boot
 * @property {string} modules the directory that holds the one of this version
 */

/** The newest kernel in the cache, or undefined if there is none. @returns {GuestKernel | undefined} */
export function cachedKernel() {
  const directory = cacheDirectory('kernels');
  if (!existsSync(directory)) return undefined;
  const versions = readdirSync(directory).filter((name) => !name.startsWith('.'));
  const version = versions.sort((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
  if (version === undefined) return undefined;
  return {
    version,
    image: join(directory, version, 'vmlinuz'),
    modules: join(directory, version, 'modules'),
  };
}

/** Why no guest can be booted on this machine, or undefined if one can. */
export function guestProblem() {
  if (process.arch !== 'x64') return `the guest is for x86-64, and this machine is not`;
  if (!hasProgram(emulator.program)) return `${emulator.program} is not installed: npm run setup -- --matrix`;
  if (!hasProgram('busybox')) return 'busybox is not installed: npm run setup -- --matrix';
  return cachedKernel() === undefined ? 'it is not downloaded: npm run setup -- --matrix' : undefined;
}

/** Downloads Debian's present kernel into the cache. Returns why that was not possible. */
export function downloadKernel() {
  if (process.arch !== 'x64') return undefined;
  const name = packageName();
  if (name === undefined) return 'apt knows no package linux-image-amd64';
  const version = name.slice('linux-image-'.length);
  const target = cacheDirectory(join('kernels', version));
  const unfinished = cacheDirectory(join('kernels', `.${version}.${process.pid}`));
  mkdirSync(unfinished, { recursive: true });
  try {
    if (!download(name, unfinished)) return `apt could not download ${name}`;
    if (!unpack(unfinished, version)) return `${name} could not be unpacked`;
    // Two downloads at once do not disturb each other.
    if (!existsSync(target)) renameSync(unfinished, target);
    return undefined;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** The package of Debian's present kernel: `linux-image-6.1.0-56-amd64`. */
function packageName() {
  const { status, stdout } = spawnSync('apt-cache', ['depends', 'linux-image-amd64'], { encoding: 'utf8' });
  return status === 0 ? /Depends: (linux-image-\S+)/.exec(stdout)?.[1] : undefined;
}

/** @param {string} name @param {string} directory */
function download(name, directory) {
  const fetch = () =>
    // As root, apt would download as a user who may not write to the cache.
    run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], directory);
  return fetch() || (process.getuid?.() === 0 && run('apt-get', ['update', '-qq'], directory) && fetch());
}

/** Unpacks what the guest needs, and indexes the modules. @param {string} directory @param {string} version */
function unpack(directory, version) {
  const script = `
    set -e
    version=$1
    shift
    mkdir package
    dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x -C package --wildcards --no-wildcards-match-slash "$@"
    mv package/boot/vmlinuz-* vmlinuz
    modules=$(find package -type d -path "*/modules/$version")
    find "$modules" -name '*.ko.xz' -exec xz -d {} +
    mkdir -p modules
    mv "$modules" modules/
    mkdir -p index/lib
    ln -s ../../modules index/lib/modules
    busybox depmod -b index "$version"
    test -s "modules/$version/modules.dep"
    rm -r package index linux-image-*.deb`;
  return run('sh', ['-c', script, 'sh', version, ...neededParts], directory);
}

/** @param {string} program @param {readonly string[]} args @param {string} directory */
function run(program, args, directory) {
  const { status } = spawnSync(program, args, {
    cwd: directory,
    stdio: ['ignore', 'ignore', process.stderr],
    timeout: downloadTimeoutMs,
  });
  return status === 0;
}
