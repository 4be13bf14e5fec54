import type { NodeStatus } from '../../daemon/report/status.ts';
import type { PageNode } from '../model.ts';

/** The most peers that a page lists. */
const mostPeers = 500;

/** The part of a node's status that a page shows. Secrets are `***` in the status already. */
export function describeNode(status: NodeStatus): PageNode {
  const { state, because, node, storeOutage, parts, peers, concerns, rejections } = status;
  return {
    state,
    because,
    node,
    facts: listFacts(status),
    storeOutage: storeOutage && { because: storeOutage.because, hint: storeOutage.hint },
    parts: parts.map((part) => ({
      name: part.name,
      state: part.state,
      settings: part.settings,
      because: part.because,
    })),
    peers: peers.slice(0, mostPeers).map((peer) => ({
      subnet: peer.subnet,
      publicIp: peer.publicIp,
      state: peer.state,
      trouble: peer.lastOutcome?.trouble ?? null,
    })),
    peerCount: peers.length,
    concerns: concerns.map(({ about, because: why, hint }) => ({ about, because: why, hint })),
    rejections,
  };
}

function listFacts(status: NodeStatus): PageNode['facts'] {
  const { state, because, recipe, network, lease, mtu, iface, store, parameters, counts, startedAt } = status;
  const facts: readonly (readonly [string, string | number | null | undefined])[] = [
    ['state', because === null ? state : `${state}: ${because}`],
    ['recipe', recipe && `${recipe.name} (${recipe.file})`],
    ['network', network],
    ['subnet', lease?.subnet],
    ['public IP', lease && [lease.publicIp, lease.publicIpv6].filter((each) => each !== null).join(', ')],
    ['lease until', lease?.expiresAt],
    ['MTU', mtu],
    ['interface', iface],
    ['store', store],
    [
      'parameters',
      parameters &&
        Object.entries(parameters)
          .map((each) => each.join('='))
          .join(' '),
    ],
    [
      'peers',
      `${counts.inPlace} of ${counts.wanted} in place, ${counts.failing} failing, ${counts.rejected} rejected`,
    ],
    ['started', startedAt],
  ];
  return facts.flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)] as const],
  );
}
