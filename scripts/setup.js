#!/usr/bin/env node
// Makes a fresh clone ready to run: npm's packages, Debian's packages, the build. Plain JavaScript that needs nothing
// but Node, because it runs before anything is installed. Each step is skipped when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedKernel, downloadKernel, emulator, guestProblem } from './matrix/kernel.js';
import {
  buildKubernetes,
  kubernetesProblem,
  kubernetesPrograms,
  missingKubernetesPrograms,
} from './test/kubernetes.js';
import { hasClouds, installClouds } from './test/clouds.js';
import { installNode, otherNodes } from './test/node-versions.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const forTests = process.argv.includes('--for-tests');
const everyNode = process.argv.includes('--every-node');
const forKubernetes = process.argv.includes('--kubernetes');
const forClouds = process.argv.includes('--clouds');
const forMatrix = process.argv.includes('--matrix');
const forPackages = process.argv.includes('--packages');

/** The exit code `prerequisite` of src/diagnostic/failure.ts. */
const prerequisiteExitCode = 4;

/** Programs by the Debian package that has them: what the shipped recipes and the lab call … */
const packagesToRun = {
  iproute2: ['ip', 'bridge'],
  'net-tools': ['arp'],
  'iputils-ping': ['ping'],
  'wireguard-tools': ['wg'],
  'wireguard-go': ['wireguard-go'],
  'strongswan-swanctl': ['swanctl'],
  'strongswan-charon': ['/usr/lib/ipsec/charon'],
  'libcharon-extra-plugins': ['/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so'],
  'libstrongswan-standard-plugins': ['/usr/lib/ipsec/plugins/libstrongswan-openssl.so'],
  socat: ['socat'],
  iptables: ['iptables', 'ip6tables'],
  'util-linux': ['unshare', 'nsenter', 'flock', 'setpriv', 'setsid'],
  mount: ['mount'],
  procps: ['sysctl'],
  'etcd-server': ['etcd'],
  openssl: ['openssl'],
};

/** … and what only the tests call. */
const packagesToTest = {
  'busybox-static': ['busybox'],
  chromium: ['chromium'],
  'containernetworking-plugins': ['/usr/lib/cni/bridge', '/usr/lib/cni/host-local', '/usr/lib/cni/portmap'],
  nftables: ['nft'],
  prometheus: ['promtool'],
  systemd: ['systemctl', 'systemd-analyze', 'systemd-notify'],
  tcpdump: ['tcpdump'],
};

/** What the tests of the clouds' recipes call. */
const packagesForClouds = {
  awscli: ['/usr/bin/aws'],
  curl: ['curl'],
  jq: ['jq'],
  strace: ['strace'],
  'python3-venv': ['/usr/share/doc/python3-venv'],
};

/** What makes packages, and looks at them. */
const packagesToPackage = {
  'binutils-x86-64-linux-gnu': ['x86_64-linux-gnu-strip'],
  'binutils-aarch64-linux-gnu': ['aarch64-linux-gnu-strip'],
  dpkg: ['dpkg-deb'],
  lintian: ['lintian'],
  mmdebstrap: ['mmdebstrap'],
  tar: ['tar'],
};

/** Debian starts these as soon as they are installed; heddle's labs and tests start their own. */
const servicesOfPackages = {
  'etcd-server': 'etcd',
  prometheus: 'prometheus',
  'strongswan-charon': 'ipsec',
};

/** @param {string} message */
function say(message) {
  process.stderr.write(`setup: ${message}\n`);
}

/** @param {string} message @param {string} hint @returns {never} */
function giveUp(message, hint) {
  say(message);
  say(hint);
  process.exit(prerequisiteExitCode);
}

/** Whether there is a program of this name, or a file of this path. @param {string} program */
function isOnPath(program) {
  const directories = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return directories.some((directory) => {
    try {
      accessSync(resolve(directory, program), program.startsWith('/') ? constants.F_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {string} command @param {string[]} args @param {Record<string, string>} environment */
function run(command, args, environment = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    // npm start's own output must stay clean: what the steps print goes to stderr.
    stdio: ['ignore', process.stderr, process.stderr],
  });
  return error === undefined && status === 0;
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  giveUp(
    `Node ${process.versions.node} is too old: heddle needs 20.19 or newer.`,
    'Install a newer Node and try again.',
  );
}

function installDebianPackages() {
  const wanted = Object.entries({
    ...packagesToRun,
    ...(forTests && packagesToTest),
    ...(forClouds && packagesForClouds),
    ...(forPackages && packagesToPackage),
  });
  const missing = wanted.filter(([, programs]) => !programs.every(isOnPath)).map(([name]) => name);
  if (missing.length === 0) return;
  const names = missing.join(' ');
  const hint = `Install them as root and try again: apt-get install --no-install-recommends ${names}`;
  if (!isOnPath('apt-get')) giveUp(`This machine lacks what these Debian packages hold: ${names}.`, hint);
  if (process.getuid?.() !== 0)
    giveUp(`These Debian packages are missing, and only root may install them: ${names}.`, hint);
  say(`installing Debian packages: ${names}`);
  if (!install(missing)) giveUp(`apt-get could not install these packages: ${names}.`, hint);
  for (const [name, service] of Object.entries(servicesOfPackages)) {
    if (missing.includes(name)) stopService(service);
  }
}

/** @param {readonly string[]} packages */
function install(packages) {
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  const attempt = () =>
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet);
  // A new machine has no package lists yet, an old one may have stale ones.
  return attempt() || (run('apt-get', ['update', '-qq'], quiet) && attempt());
}

/** Now and at the next boot. It may not run at all, as in a container. @param {string} service */
function stopService(service) {
  say(`keeping Debian's ${service} service from running; to have it: systemctl enable --now ${service}`);
  for (const [command = '', ...args] of [
    ['service', service, 'stop'],
    ['update-rc.d', service, 'disable'],
  ]) {
    spawnSync(command, args, { stdio: 'ignore' });
  }
}

function installNpmPackages() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say('installing npm packages');
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
    giveUp(
      'npm could not install the packages that package-lock.json names.',
      'See its message above; then: npm ci',
    );
  }
}

/** The newest change below a folder, in milliseconds since the epoch. @param {string} folder @returns {number} */
function newestChange(folder) {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs;
    }),
  );
}

function build() {
  const built = join(root, 'dist', 'main.cjs');
  const inputs = ['tsconfig.json', 'scripts/build.js', 'package-lock.json'].map(
    (file) => statSync(join(root, file)).mtimeMs,
  );
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(newestChange(join(root, 'src')), ...inputs))
    return;
  say('building');
  if (!run(process.execPath, [join(root, 'scripts', 'build.js')]))
    giveUp('The build failed.', 'See its messages above.');
}

/** The other Nodes that heddle is tried on. Where npm cannot have them, their tests are skipped. */
function installOtherNodes() {
  for (const other of otherNodes().filter(({ program }) => !existsSync(program))) {
    say(`installing Node ${other.version}`);
    const problem = installNode(other);
    if (problem !== undefined) say(`${problem}; the tests under Node ${other.version} will be skipped`);
  }
}

/** The programs of Kubernetes that the tests run: built once, into the user's cache. Where Go cannot build them, their tests are skipped. */
function buildKubernetesPrograms() {
  for (const name of missingKubernetesPrograms()) {
    say(`building ${name} of Kubernetes, once; on two cores it takes up to five minutes`);
    const problem = buildKubernetes(name);
    if (problem !== undefined) say(problem);
  }
  for (const name of kubernetesPrograms) {
    const problem = kubernetesProblem(name);
    if (problem !== undefined) say(`${problem}; the tests that need it will be skipped`);
  }
}

/** What PyPI has for the tests of the clouds' recipes. Where pip cannot have it, those tests are skipped. */
function installCloudPrograms() {
  if (hasClouds()) return;
  say("installing moto and tccli of PyPI, once; they take 800 MB of the user's cache");
  const problem = installClouds();
  if (problem !== undefined) say(`${problem}; the tests of aws-vpc and tencent-vpc will be skipped`);
}

/** The Debian kernel and the emulator for the matrix. What cannot be had is a reason in the table of the matrix. */
function prepareGuest() {
  if (!isOnPath(emulator.program) && process.getuid?.() === 0 && isOnPath('apt-get')) {
    say(`installing the Debian package ${emulator.package}`);
    if (!install([emulator.package])) say(`apt-get could not install ${emulator.package}`);
  }
  if (cachedKernel() === undefined && isOnPath('apt-get')) {
    say("downloading Debian's kernel, once; it has 70 MB");
    const problem = downloadKernel();
    if (problem !== undefined) say(problem);
  }
  const problem = guestProblem();
  if (problem !== undefined)
    say(`no Debian kernel to boot: ${problem}; the matrix does not try what needs one`);
}

/** The packages that the tests try, all of which need root. Loaded here, since they need npm's packages. */
async function buildPackages() {
  if (process.getuid?.() !== 0) return;
  const { areTestedPackagesStale, buildTestedPackages } = await import('./package/tested.js');
  if (!areTestedPackagesStale()) return;
  say('building the packages that the tests try');
  await buildTestedPackages();
}

checkNode();
installDebianPackages();
installNpmPackages();
build();
if (everyNode) installOtherNodes();
if (forKubernetes) buildKubernetesPrograms();
if (forClouds) installCloudPrograms();
if (forMatrix) prepareGuest();
if (forPackages && forTests) await buildPackages();
