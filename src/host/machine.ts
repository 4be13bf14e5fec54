import { readFile } from 'node:fs/promises';
import { ownNetworkNamespace, type NetworkNamespace } from './network-namespace.ts';

/** The marks that distinguish a machine's own state directory from a copy of another machine's. */
export interface MachineMarks {
  /** The content of /etc/machine-id; null without that file. */
  readonly machineId: string | null;
  /** The hardware address of the interface to the other nodes. */
  readonly hardwareAddress: string;
  /** The network namespace, and the number that the firmware gives the machine; older versions did not note them. */
  readonly namespace?: NetworkNamespace;
  readonly productId?: string;
}

async function readMachineId(): Promise<string | null> {
  return readLine('/etc/machine-id');
}

/** The number of the machine, which a hypervisor makes for each of its machines. Only root can read it. */
async function readProductId(): Promise<string | null> {
  return readLine('/sys/class/dmi/id/product_uuid');
}

async function readLine(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() === '' ? null : text.trim();
}

/** The marks of this machine; undefined if its interface does not have a hardware address. */
export async function readMachineMarks(
  hardwareAddress: string | undefined,
): Promise<MachineMarks | undefined> {
  if (hardwareAddress === undefined) return undefined;
  const [namespace, productId] = [ownNetworkNamespace(), await readProductId()];
  return {
    machineId: await readMachineId(),
    hardwareAddress,
    ...(namespace && { namespace }),
    ...(productId !== null && { productId }),
  };
}

/**
 * Whether marks belong to this machine, whose interfaces have these hardware addresses. A machine whose interface was replaced is known by
 * its network namespace; after another boot, by its product id.
 */
export async function isThisMachine(
  marks: MachineMarks,
  hardwareAddresses: readonly string[],
): Promise<boolean> {
  if (marks.machineId !== (await readMachineId())) return false;
  if (hardwareAddresses.includes(marks.hardwareAddress)) return true;
  const own = ownNetworkNamespace();
  if (own === undefined || marks.namespace === undefined) return false;
  // Many nodes may be namespaces of one machine, so the product id does not distinguish them.
  if (marks.namespace.bootId === own.bootId) return marks.namespace.name === own.name;
  return marks.productId !== undefined && marks.productId === (await readProductId());
}
