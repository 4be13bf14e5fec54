import { lstat, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../../diagnostic/failure.ts';
import { readLinks } from '../../host/interface/links.ts';
import { isSameFile } from '../../host/files/same-file.ts';
import type { Link } from '../../host/interface/ip-output.ts';
import { parseLeaseKey } from '../../lease/wire.ts';
import { contains } from '../../network/cidr.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';
import { presentValues } from '../../network/per-family.ts';
import { withoutSecrets } from '../../store/secrets.ts';
import { placeOf } from '../../traffic/iptables.ts';
import { trafficHooks } from '../../traffic/rule.ts';
import { readDeployment } from '../network/deployment-file.ts';
import type { Deployment } from '../network/deployment.ts';
import { cniListOf, listPathOf } from '../network/parts/cni-list.ts';
import { subnetFileOf } from '../network/parts/subnet-file.ts';
import { readTrafficMemory } from '../network/parts/traffic-rules.ts';
import type { UpOptions } from '../setup/options.ts';
import type { NodeDecision } from '../setup/prepare.ts';

/** A network that another daemon keeps in this network namespace. */
interface RivalNetwork {
  readonly stateDirectory: string;
  readonly deployment: Deployment;
}

/**
 * Throws the Failure `already-running` if another daemon has the same subnet file, the same CNI list, the same chains for its traffic rules,
 * a device that this node's recipe names, or a lease for the same address in the same store: each daemon would undo the other's work. Two
 * daemons with one state directory, or one port for metrics, are refused elsewhere.
 */
export async function requireNoRival(node: NodeDecision, options: UpOptions): Promise<void> {
  const rivals = await findRivals(options.stateDirectory);
  if (rivals.length === 0) return;
  const links = await readLinks();
  for (const { stateDirectory, deployment } of rivals) {
    const who = `the heddle daemon with the state directory ${stateDirectory}`;
    const itsFile = subnetFileOf(deployment.parts);
    if (itsFile !== undefined && (await isSameFile(itsFile, options.subnetFile))) {
      throw refuse(`${who} writes the subnet file ${options.subnetFile} already`, 'another --subnet-file');
    }
    const [itsList, ownList] = [cniListOf(deployment.parts), listPathOf(options)];
    if (itsList !== undefined && ownList !== undefined && (await isSameFile(itsList, ownList))) {
      throw refuse(`${who} installs the CNI list ${ownList} already`, 'another --cni-conf-dir, or none,');
    }
    if (shareChains(deployment, options)) {
      const { chainSuffix } = options;
      const names = trafficHooks.map((hook) => placeOf(hook, chainSuffix).chain).join(' and ');
      throw refuse(`${who} keeps its rules in the chains ${names} already`, 'another --chain-suffix');
    }
    const device = devicesOf(deployment, links).find((name) => namesDevice(node, name));
    if (device !== undefined) {
      const { name, parameters } = node.loaded.recipe;
      const canRename = parameters.some((parameter) => parameter.name === 'VNI');
      throw refuse(
        `${who} has the device ${device}, which the recipe ${name} would use as well`,
        canRename
          ? 'another value of the parameter that names the device, for example --param VNI=2,'
          : 'a recipe with another name for the device,',
      );
    }
    const address = findSharedLease(deployment, node, options);
    if (address !== undefined) {
      throw refuse(
        `${who} has a lease for the public address ${address} in the same store`,
        'another store, such as another --etcd-prefix or --store-dir,',
      );
    }
  }
}

function refuse(message: string, what: string): Failure {
  return new Failure('already-running', message, {
    hint: `give this daemon ${what} or stop the other one; docs/operations.md says what daemons on one host must not share`,
  });
}

/**
 * Finds the networks of other daemons by their control sockets in this network namespace. A daemon in another mount namespace, whose files
 * this process does not see, is not found.
 */
async function findRivals(ownDirectory: string): Promise<readonly RivalNetwork[]> {
  const table = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  // A control socket is bound under a temporary name, and is renamed later.
  const paths = table.split('\n').flatMap((line) => /\s(\/.*\/\.[0-9a-f]{8})$/.exec(line)?.[1] ?? []);
  const directories = new Set(paths.map((path) => dirname(path)));
  directories.delete(ownDirectory);
  const rivals: RivalNetwork[] = [];
  for (const stateDirectory of directories) {
    if (!(await isTrusted(stateDirectory))) continue;
    const deployment = await readDeployment(stateDirectory).catch(() => undefined);
    if (deployment !== undefined) rivals.push({ stateDirectory, deployment });
  }
  return rivals;
}

/** Whether a directory with a control socket belongs to this user, as the state directory of a daemon does. */
async function isTrusted(directory: string): Promise<boolean> {
  try {
    const [folder, socket] = await Promise.all([lstat(directory), lstat(join(directory, 'heddle.sock'))]);
    return socket.isSocket() && folder.uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/** Whether both networks have chains of one name, although one of them has rules: each daemon removes rules that it does not want. */
function shareChains({ parts }: Deployment, { traffic, chainSuffix }: UpOptions): boolean {
  const memory = parts['traffic-rules'];
  if (memory === undefined) return false;
  const rival = readTrafficMemory(memory);
  const hasRules = rival.isWanted || traffic.masquerade || traffic.forward;
  return hasRules && rival.chainSuffix === chainSuffix;
}

/** The public address for which both daemons would have a lease in one store: each would take the lease of the other. */
function findSharedLease(
  { store, publicIp, publicIpv6 }: Deployment,
  { underlay }: NodeDecision,
  options: UpOptions,
): string | undefined {
  if (!isDeepStrictEqual(withoutSecrets(options.store), store)) return undefined;
  return listPublicAddresses(underlay).find((address) => address === publicIp || address === publicIpv6);
}

/** The devices of a network: those with an address of its subnet, except the bridges and pairs of its pods. */
function devicesOf({ leaseKey }: Deployment, links: readonly Link[]): readonly string[] {
  const subnets = leaseKey === null ? undefined : parseLeaseKey(leaseKey);
  if (subnets === undefined) return [];
  const isInside = (link: Link): boolean =>
    link.addresses.some((address) => presentValues(subnets).some((subnet) => contains(subnet, address)));
  return links
    .filter((link) => link.kind !== 'bridge' && link.kind !== 'veth' && isInside(link))
    .map(({ name }) => name);
}

/** Whether a command of the recipe names a device, with the values of its parameters put in. */
function namesDevice({ loaded, network }: NodeDecision, device: string): boolean {
  const { commands, parameters } = loaded.recipe;
  const word = new RegExp(`(?<![\\w.-])${device.replaceAll(/[^\w]/g, '\\$&')}(?![\\w.-])`);
  return Object.values(commands).some((command) => {
    let text = command.lines.map((line) => line.text).join('\n');
    for (const { name, variable } of parameters) {
      const value = String(network.parameterValues[name] ?? '');
      text = text.replaceAll(new RegExp(`\\$(?:${variable}(?!\\w)|\\{${variable}\\})`, 'g'), () => value);
    }
    return word.test(text);
  });
}
