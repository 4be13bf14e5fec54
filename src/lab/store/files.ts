import { mkdir } from 'node:fs/promises';
import { filesKind } from '../../store/files/kind.ts';
import { nodeShare, sharedDirectory } from '../protocol.ts';
import type { StoreHosting } from './hosting.ts';

/** The hosting of files: leases in a directory that all nodes share. The first node writes the network configuration. */
export const filesHosting: StoreHosting = {
  kind: filesKind,
  serverName: undefined,
  assignsSubnets: false,
  takesLeases: true,
  canRequireCertificates: false,
  programs: () => [],
  values: () => ({ directory: `${nodeShare}/store` }),
  toolVariables: () => ({}),
  async start(_place, { nodeSettings, networkDocument }) {
    await mkdir(`${sharedDirectory}/store`, { recursive: true });
    // Otherwise the first node would write its own parameters for all nodes.
    const isVaried = Object.values(nodeSettings).some(
      ({ recipe, parameters }) => recipe !== undefined || parameters.length > 0,
    );
    if (isVaried) await writeNetwork(networkDocument);
    const { fileLeases } = await import('../inside/store/lease-files.ts');
    return { server: undefined, writeNetwork, leases: fileLeases };
  },
};

async function writeNetwork(document: string): Promise<void> {
  const { openFilesStore } = await import('../../store/files/store.ts');
  const store = await openFilesStore(`${sharedDirectory}/store`);
  try {
    await store.writeNetwork(document);
  } finally {
    await store.close();
  }
}
