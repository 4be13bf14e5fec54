import { Failure } from '../../diagnostic/failure.ts';
import type { SubnetEnvironment, SubnetOfNetwork } from '../../host/subnet-env.ts';
import { holdsSubnetFile, removeSubnetFile, writeSubnetFile } from '../../host/subnet-file.ts';
import { explainError } from '../../host/system-error.ts';
import type { EmitEvent } from '../../event/event.ts';
import type { Json } from '../../recipe/json/json.ts';
import type { Cidr } from '../../network/cidr.ts';
import type { SubnetRange } from '../../network/configuration.ts';
import { gone, repaired, whole, type LiveNetwork, type NetworkPart } from './part.ts';

/** The file that tells the CNI plugin the subnet and the MTU. */
export const subnetFilePart: NetworkPart = {
  name: 'subnet-file',
  isFoundation: false,
  remember: ({ subnetFile }) => ({ path: subnetFile }),

  async up(network) {
    await writeSubnetFile(network.options.subnetFile, contentOf(network));
  },

  async ensure(network, _look, mayRepair) {
    const { subnetFile } = network.options;
    const content = contentOf(network);
    if (await holdsSubnetFile(subnetFile, content)) return whole;
    const trouble = { because: `${subnetFile} was changed or removed`, detail: '' };
    if (!mayRepair(trouble)) return { kind: 'broken', trouble };
    try {
      await writeSubnetFile(subnetFile, content);
      return repaired;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { kind: 'broken', trouble: { because: error.message, detail: '' } };
    }
  },

  async down({ emit }, memory) {
    await remove(memory, emit);
    return gone;
  },

  forget: remove,
};

/** That the file stays is told, and is no reason to keep the rest of the network up. */
async function remove(memory: Json, emit: EmitEvent): Promise<void> {
  const path = pathIn(memory);
  try {
    await removeSubnetFile(path);
  } catch (error) {
    emit({ event: 'warning', message: `the subnet file ${path} stays: ${explainError(error)}` });
  }
}

function contentOf({ commands, own }: LiveNetwork): SubnetEnvironment {
  const { network, mtu } = commands.facts;
  return {
    ipv4: subnetOf(network.ipv4, own.ipv4),
    ipv6: subnetOf(network.ipv6, own.ipv6),
    mtu,
    ipMasq: false,
  };
}

function subnetOf(range: SubnetRange | undefined, subnet: Cidr | undefined): SubnetOfNetwork | undefined {
  return range === undefined || subnet === undefined ? undefined : { network: range.network, subnet };
}

function pathIn(memory: Json): string {
  const path = (memory as { readonly path?: unknown } | null)?.path;
  if (typeof path === 'string') return path;
  throw new Failure('state-directory', 'the deployment file does not say where the subnet file is', {
    hint: 'remove the subnet file by hand, then run heddle down --forget',
  });
}
