import { Failure } from '../../../diagnostic/failure.ts';
import type { LinkPlan } from '../topology.ts';
import { leastIpv6Mtu, type LinkChange } from './impairment.ts';

/** Chooses the link with a name, or the links of a host. Throws a {@link Failure} that names the hosts. */
export function chooseLinks(lab: string, links: readonly LinkPlan[], target: string): readonly LinkPlan[] {
  const chosen = links.filter(({ name, host }) => [name, host].includes(target));
  if (chosen.length > 0) return chosen;
  const hosts = [...new Set(links.map(({ host }) => host))];
  throw new Failure('not-running', `the lab ${lab} does not have a link or a host named ${target}`, {
    hint: `choose one of ${hosts.join(', ')}, or one of their links, such as ${links[0]?.name ?? 'node1:eth0'}`,
  });
}

/** Refuses an MTU with which the kernel would remove IPv6 addresses. */
export function requireRoomForIpv6(links: readonly LinkPlan[], { mtu }: LinkChange): void {
  if (mtu === undefined || mtu === null || mtu >= leastIpv6Mtu) return;
  const link = links.find(({ ipv6 }) => ipv6 !== undefined);
  if (link === undefined) return;
  const message = `the link ${link.name} has IPv6, which needs an MTU of ${leastIpv6Mtu} at least`;
  throw new Failure('usage', message, { hint: 'choose a larger MTU' });
}
