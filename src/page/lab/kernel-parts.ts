import { podDevices } from '../../lab/plan/commands.ts';
import { readState } from '../../lab/plan/kernel/read-state.ts';
import { mentioning, type KernelState, type StateObject } from '../../lab/plan/kernel/kernel-state.ts';
import type { NodeReport } from '../../lab/report/report.ts';
import type { PageKernelObject, NodeKernel } from '../model.ts';

/** The most objects of a node that no peer has for itself. */
const mostOwn = 60;

/** A word that can stand for a peer in the kernel: a MAC address, or a key of WireGuard. */
const identity = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|[A-Za-z0-9+/]{43}=/g;

/**
 * Sorts the objects in the kernel of a node by the peer that they belong to: those with its subnet or its public address, and those with a
 * MAC address or a key that stands next to one of these.
 *
 * @param text the output of `stateScript`
 */
export function sortKernel(node: NodeReport, nodes: readonly NodeReport[], text: string): NodeKernel {
  const state = readState(text);
  const foreign = new Map<StateObject, string>();
  const peers = nodes
    .filter(({ name }) => name !== node.name)
    .map((peer) => {
      const objects = objectsOf(peer, state).filter((object) => !isOfPod(object));
      for (const object of objects) foreign.set(object, peer.name);
      return { peer: peer.name, objects: objects.map(nameObject) };
    });
  const own = [...state.values()].filter((object) => !foreign.has(object) && !isOfPod(object));
  return { node: node.name, peers, own: own.slice(0, mostOwn).map(nameObject) };
}

function objectsOf(peer: NodeReport, state: KernelState): readonly StateObject[] {
  const found = new Set(wordsOf(peer).flatMap((word) => mentioning(state, word)));
  const identities = new Set(
    [...found].flatMap(({ text }) => [...text.matchAll(identity)].map(([word]) => word)),
  );
  for (const word of identities) for (const object of mentioning(state, word)) found.add(object);
  return [...found];
}

/** The addresses of a peer, as they stand in the kernel. */
function wordsOf({ subnet, ipv6Subnet, publicIp, publicIpv6 }: NodeReport): readonly string[] {
  return [subnet, ipv6Subnet]
    .flatMap((each) => (each == null ? [] : [each, each.split('/')[0] ?? each]))
    .concat([publicIp, publicIpv6].filter((each) => each !== undefined));
}

function isOfPod({ device }: StateObject): boolean {
  return device !== undefined && podDevices.has(device);
}

function nameObject({ kind, name }: StateObject): PageKernelObject {
  return { kind, name };
}
