import type { EmitEvent } from '../../../event/event.ts';
import type { LeaseSubnets } from '../../../lease/lease.ts';
import type { Json } from '../../../recipe/json/json.ts';
import type { UpOptions } from '../../setup/options.ts';
import { blackholeRoutePart } from './blackhole-route.ts';
import { cniListPart } from './cni-list.ts';
import { devicePart } from './device.ts';
import type { NetworkPart, RemovalResult, StandingNetwork } from './part.ts';
import { peersPart } from './peers.ts';
import { subnetFilePart } from './subnet-file.ts';
import { trafficRulesPart } from './traffic-rules.ts';

/** Every part of a network, in the order in which the parts come up. They are removed in the opposite order. */
export const networkParts: readonly NetworkPart[] = [
  devicePart,
  trafficRulesPart,
  blackholeRoutePart,
  peersPart,
  subnetFilePart,
  cniListPart,
];

/** The data for the removal of each part that may be on the node, by the part's name. */
export type PartMemories = Readonly<Record<string, Json>>;

/** The data of the parts for the deployment file, before they are created. */
export function rememberParts(options: UpOptions, parts = networkParts): PartMemories {
  return Object.fromEntries(parts.map((part) => [part.name, part.remember(options)]));
}

/**
 * Removes the remembered parts, the last one first. If one fails, the others are still removed. Returns the result of each. After
 * `leaving`, the removal of no further part begins. A reader of the memories has refused those that {@link findStranger} finds.
 */
export async function removeParts(
  network: StandingNetwork,
  memories: PartMemories,
  parts = networkParts,
  leaving?: AbortSignal,
): Promise<ReadonlyMap<string, RemovalResult>> {
  const removed = new Map<string, RemovalResult>();
  for (const part of parts.toReversed()) {
    if (leaving?.aborted === true) break;
    const memory = memories[part.name];
    if (memory !== undefined) removed.set(part.name, await part.down(network, memory));
  }
  return removed;
}

/** Removes only the pieces of the remembered parts that outlive the kernel's objects. */
export async function forgetParts(
  memories: PartMemories,
  own: LeaseSubnets | undefined,
  emit: EmitEvent,
  parts = networkParts,
): Promise<void> {
  for (const part of parts.toReversed()) {
    const memory = memories[part.name];
    if (memory !== undefined) await part.forget(memory, own, emit);
  }
}

/** Removes what the remembered parts have at places that the options do not name. */
export async function leavePlaces(
  memories: PartMemories,
  own: LeaseSubnets,
  options: UpOptions,
  emit: EmitEvent,
  parts = networkParts,
): Promise<void> {
  for (const part of parts) {
    const memory = memories[part.name];
    if (memory !== undefined) await part.leavePlace?.(memory, own, options, emit);
  }
}

/** Finds the name of a remembered part that this version does not know, so that it could not remove it. */
export function findStranger(memories: PartMemories, parts = networkParts): string | undefined {
  return Object.keys(memories).find((name) => parts.every((part) => part.name !== name));
}
