import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeLeaseFile } from '../../../store/files/lease-file.ts';
import { layOutFiles } from '../../../store/files/layout.ts';
import { sharedDirectory } from '../../protocol.ts';
import type { HostedLeases } from '../../store/hosting.ts';

/** A lease as a file of the lab's store. */
export interface LeaseFile {
  readonly key: string;
  readonly text: string;
}

const { subnets, newDraft } = layOutFiles(`${sharedDirectory}/store`);

/** Writes leases to the lab's store, each as a whole. Nobody else writes to it at the same time. */
export async function putLeases(leases: readonly LeaseFile[]): Promise<void> {
  for (const { key, text } of leases) {
    const draft = newDraft();
    await writeFile(draft, text);
    await rename(draft, join(subnets, key));
  }
}

export async function removeLeases(keys: readonly string[]): Promise<void> {
  for (const key of keys) await rm(join(subnets, key), { force: true });
}

/** Reads every lease of the lab's store; none before the first node has created the store. */
export async function readLeases(): Promise<readonly LeaseFile[]> {
  const keys = await readdir(subnets).catch(() => []);
  const leases = await Promise.all(
    keys.map(async (key) => {
      const text = await readFile(join(subnets, key), 'utf8').catch(() => undefined);
      return text === undefined ? [] : [{ key, text }];
    }),
  );
  return leases.flat();
}

/** The leases in the files of a lab. */
export const fileLeases: HostedLeases = {
  keys: async () => (await readLeases()).map(({ key }) => key),
  put: async (key, value) => {
    const text = encodeLeaseFile(value, undefined, randomUUID());
    if (text === undefined) throw new Error(`the lease ${key} is not an object`);
    await putLeases([{ key, text }]);
  },
  remove: (key) => removeLeases([key]),
};
