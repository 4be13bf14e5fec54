import type { NodeFacts } from '../../../contract/environment.ts';
import { publishedMtu } from '../../../contract/mtu.ts';
import { Failure } from '../../../diagnostic/failure.ts';
import { isSameFile } from '../../../host/files/same-file.ts';
import {
  findOtherSubnets,
  holdsSubnetFile,
  removeSubnetFile,
  writeSubnetFile,
} from '../../../host/subnet-file.ts';
import type { EmitEvent } from '../../../event/event.ts';
import { hasErrorCode } from '../../../host/system-error.ts';
import type { LeaseSubnets } from '../../../lease/lease.ts';
import type { Json } from '../../../recipe/json/json.ts';
import { mapFamilies } from '../../../network/per-family.ts';
import type { SubnetEnvironment } from '../../../network/subnet-env.ts';
import type { UpOptions } from '../../setup/options.ts';
import {
  brokenBy,
  gone,
  repaired,
  stays,
  whole,
  type LiveNetwork,
  type NetworkPart,
  type RemovalResult,
} from './part.ts';

/** The file that tells the CNI plugin the subnet and the MTU. */
export const subnetFilePart: NetworkPart = {
  name: 'subnet-file',
  isFoundation: false,
  remember: ({ subnetFile }) => ({ path: subnetFile }),
  describe: ({ options }) => ({ settings: options.subnetFile }),

  async up(network) {
    await writeSubnetFile(network.options.subnetFile, contentOf(network));
  },

  async ensure(network, _look, mayRepair) {
    const { subnetFile } = network.options;
    const content = contentOf(network);
    if (await holdsSubnetFile(subnetFile, content)) return whole;
    const trouble = {
      because: `${subnetFile} is missing, or does not have the subnet and the MTU of this node`,
      detail: '',
    };
    if (!mayRepair(trouble)) return { kind: 'broken', trouble };
    try {
      await writeSubnetFile(subnetFile, content);
      return repaired;
    } catch (error) {
      return brokenBy(error);
    }
  },

  down: ({ own, emit }, memory) => remove(memory, own, emit),

  async forget(memory, own, emit) {
    await remove(memory, own, emit);
  },

  async leavePlace(memory, own, { subnetFile }, emit) {
    if (!(await isSameFile(pathIn(memory), subnetFile))) await remove(memory, own, emit);
  },
};

/**
 * Removes the file, unless it belongs to another network by now. A failure is reported, and the rest of the network still goes down.
 */
async function remove(memory: Json, own: LeaseSubnets | undefined, emit: EmitEvent): Promise<RemovalResult> {
  const path = pathIn(memory);
  try {
    const others = own && (await findOtherSubnets(path, own));
    if (others !== undefined) {
      const message = `the subnet file ${path} stays: it belongs to another network, with the subnet ${others}`;
      emit({ event: 'warning', message });
      return gone;
    }
    await removeSubnetFile(path);
    return gone;
  } catch (error) {
    const result = stays(`the subnet file ${path}`, error, emit);
    // heddle does not make anything but a file.
    return hasErrorCode(error, 'EISDIR', 'ERR_FS_EISDIR') ? gone : result;
  }
}

function contentOf({ commands, own, options }: LiveNetwork): SubnetEnvironment {
  return subnetEnvironmentOf(commands.facts, own, options);
}

/** The subnets, the MTU and the masquerading of a node, as pods need them. */
export function subnetEnvironmentOf(
  { network, mtus }: Pick<NodeFacts, 'network' | 'mtus'>,
  own: LeaseSubnets,
  { traffic }: Pick<UpOptions, 'traffic'>,
): SubnetEnvironment {
  const subnets = mapFamilies(own, (subnet, family) => {
    const range = network[family];
    return range && { network: range.network, subnet };
  });
  return { ...subnets, mtu: publishedMtu(mtus), ipMasq: traffic.masquerade };
}

/** The path of the subnet file of a network, from the data of its parts. */
export function subnetFileOf(memories: Readonly<Record<string, Json>>): string | undefined {
  const path = (memories[subnetFilePart.name] as { readonly path?: unknown } | null | undefined)?.path;
  return typeof path === 'string' ? path : undefined;
}

function pathIn(memory: Json): string {
  const path = subnetFileOf({ [subnetFilePart.name]: memory });
  if (path !== undefined) return path;
  throw new Failure('state-directory', 'the deployment file does not say where the subnet file is', {
    hint: 'remove the subnet file by hand, then run heddle down again with --forget',
  });
}
