import { bridgesOf, type CniTemplate } from '../../cni/template.ts';
import { formatCount } from '../../diagnostic/words.ts';
import type { Concern } from '../../event/concern.ts';
import type { Concerns } from '../../event/concerns.ts';
import { readPodLinks, type PodLinks } from '../../host/cni/pod-links.ts';
import type { LinkAddress } from '../../host/interface/ip-output.ts';
import { contains, formatCidr } from '../../network/cidr.ts';
import { presentValues } from '../../network/per-family.ts';
import type { SubnetEnvironment } from '../../network/subnet-env.ts';

/** Raises the concern that running pods have another MTU or subnet than new ones, or ends it. Without `ip`, the concern stays as it was. */
export async function raisePodConcern(
  template: CniTemplate,
  node: SubnetEnvironment,
  concerns: Concerns,
): Promise<void> {
  try {
    const found: Omit<Concern, 'kind'>[] = [];
    for (const { name, mtu = node.mtu, isGateway } of bridgesOf(template)) {
      const links = await readPodLinks(name);
      if (links === undefined) continue;
      const old = isGateway ? findOldAddresses(links, node) : [];
      found.push(...(old.length > 0 ? [describeOldAddresses(name, old, node)] : judgeMtus(name, links, mtu)));
    }
    concerns.set('outdated-pods', found);
  } catch {
    // The pods work without this look, and the next one follows soon.
  }
}

/** The addresses with which the plugin bridge refuses new pods: any other one of IPv4, and of IPv6 those of another subnet of the network. */
function findOldAddresses({ addresses }: PodLinks, node: SubnetEnvironment): readonly LinkAddress[] {
  return presentValues(node).flatMap(({ network, subnet }) =>
    addresses.filter(({ family, value }) => {
      const address = { family, value };
      const isOfPods = family === 4 || contains(network, address);
      return family === subnet.family && isOfPods && !contains(subnet, address);
    }),
  );
}

function describeOldAddresses(
  bridge: string,
  addresses: readonly LinkAddress[],
  node: SubnetEnvironment,
): Omit<Concern, 'kind'> {
  const old = addresses.map(({ text, prefix }) => `${text}/${prefix}`).join(' and ');
  const now = presentValues(node).map(({ subnet }) => formatCidr(subnet));
  return {
    about: bridge,
    because: `${bridge} has the address ${old} from before a change, so its pods are not in this node's subnet ${now.join(' and ')}`,
    hint: `delete the pods of this node, remove the bridge with ip link delete ${bridge}, and start the pods again`,
  };
}

function judgeMtus(bridge: string, { mtus }: PodLinks, mtu: number): Omit<Concern, 'kind'>[] {
  // A smaller packet passes as well.
  const old = mtus.filter((each) => each > mtu);
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
