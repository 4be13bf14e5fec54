import { join } from 'node:path';
import { bridgesOf, type CniTemplate } from '../../cni/template.ts';
import { formatCount } from '../../diagnostic/words.ts';
import type { Concern } from '../../event/concern.ts';
import type { Concerns } from '../../event/concerns.ts';
import { listName } from '../../host/cni/list-file.ts';
import { listConfigurations } from '../../host/cni/other-lists.ts';
import { readPodLinks, type PodLinks } from '../../host/cni/pod-links.ts';
import { contains, formatCidr } from '../../network/cidr.ts';
import { presentValues } from '../../network/per-family.ts';
import type { SubnetEnvironment } from '../../network/subnet-env.ts';

/** Raises the concern that the container runtime takes another list than heddle's, or ends it. */
export function raiseListConcern(directory: string, concerns: Concerns): void {
  const found = findEarlierList(directory);
  concerns.set('cni-order', found === undefined ? [] : [found]);
}

/** The list of the directory that the container runtime takes instead of heddle's; undefined if it takes heddle's. */
export function findEarlierList(directory: string): Omit<Concern, 'kind'> | undefined {
  const [first] = listConfigurations(directory);
  if (first === undefined || first >= listName) return undefined;
  const path = join(directory, first);
  return {
    about: path,
    because: `the container runtime takes ${path} and not ${listName}, because it takes the first one by name`,
    hint: `remove ${path}, or restart heddle without --cni-conf-dir if the pods are to use that list`,
  };
}

/** The lists that come after heddle's, as a sentence; empty if there are none. */
export function describeLaterLists(directory: string): string {
  const later = listConfigurations(directory).filter((name) => name > listName);
  if (later.length === 0) return '';
  return `the container runtime takes ${listName} and not ${later.join(', ')}, because it takes the first one by name`;
}

/** Raises the concern that running pods have another MTU or subnet than new ones, or ends it. Without `ip`, the concern stays as it was. */
export async function raisePodConcern(
  template: CniTemplate,
  node: SubnetEnvironment,
  concerns: Concerns,
): Promise<void> {
  try {
    const found: Omit<Concern, 'kind'>[] = [];
    for (const { name, mtu = node.mtu } of bridgesOf(template)) {
      const links = await readPodLinks(name);
      if (links !== undefined) found.push(...judgePods(name, links, node, mtu));
    }
    concerns.set('outdated-pods', found);
  } catch {
    // The pods work without this look, and the next one follows soon.
  }
}

function judgePods(
  bridge: string,
  { addresses, mtus }: PodLinks,
  node: SubnetEnvironment,
  mtu: number,
): Omit<Concern, 'kind'>[] {
  const foreign = presentValues(node).flatMap(({ network, subnet }) =>
    addresses.filter(({ family, value }) => {
      const address = { family, value };
      return contains(network, address) && !contains(subnet, address);
    }),
  );
  if (foreign.length > 0) {
    const old = foreign.map(({ text, prefix }) => `${text}/${prefix}`).join(' and ');
    const now = presentValues(node).map(({ subnet }) => formatCidr(subnet));
    return [
      {
        about: bridge,
        because: `${bridge} has the address ${old} from before a change, so its pods are not in this node's subnet ${now.join(' and ')}`,
        hint: `delete the pods of this node, remove the bridge with ip link delete ${bridge}, and start the pods again`,
      },
    ];
  }
  const old = mtus.filter((each) => each !== mtu);
  if (old.length === 0) return [];
  const sizes = [...new Set(old)].sort((a, b) => a - b).join(' and ');
  return [
    {
      about: bridge,
      because: `${formatCount(old.length, 'pod')} on ${bridge} still ${old.length === 1 ? 'has' : 'have'} the MTU ${sizes}; new pods get ${mtu}`,
      hint: 'start these pods again, so that they get the new MTU',
    },
  ];
}
