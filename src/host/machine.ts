import { readFile } from 'node:fs/promises';

/** The marks that distinguish a machine's own state directory from a copy of another machine's. */
export interface MachineMarks {
  /** The content of /etc/machine-id; null without that file. */
  readonly machineId: string | null;
  /** The hardware address of the interface to the other nodes. */
  readonly hardwareAddress: string;
}

async function readMachineId(): Promise<string | null> {
  const text = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return text.trim() === '' ? null : text.trim();
}

/** The marks of this machine; undefined if its interface does not have a hardware address. */
export async function readMachineMarks(
  hardwareAddress: string | undefined,
): Promise<MachineMarks | undefined> {
  if (hardwareAddress === undefined) return undefined;
  return { machineId: await readMachineId(), hardwareAddress };
}

/** Whether marks belong to this machine, whose interfaces have these hardware addresses. */
export async function isThisMachine(
  marks: MachineMarks,
  hardwareAddresses: readonly string[],
): Promise<boolean> {
  return hardwareAddresses.includes(marks.hardwareAddress) && marks.machineId === (await readMachineId());
}
