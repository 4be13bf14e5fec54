import * as z from 'zod/mini';
import type { LinkAddress } from '../interface/ip-output.ts';
import { readLink } from '../interface/links.ts';
import { runProgram } from '../run-program.ts';

/** A bridge of pods in this network namespace. */
export interface PodLinks {
  /** The addresses of the bridge, which are the gateways of the pods. */
  readonly addresses: readonly LinkAddress[];
  /** The MTU of each port: a pod has the same MTU. */
  readonly mtus: readonly number[];
}

const portsSchema = z.array(z.looseObject({ mtu: z.optional(z.number()) }));

/** Reads a bridge and its ports. Undefined if the bridge does not exist. Rejects if `ip` fails. */
export async function readPodLinks(bridge: string): Promise<PodLinks | undefined> {
  const link = await readLink(bridge);
  if (link === undefined) return undefined;
  const listed = await runProgram('ip', ['-json', 'link', 'show', 'master', bridge, 'type', 'veth']);
  const ports = portsSchema.parse(JSON.parse(listed.trim() === '' ? '[]' : listed));
  // iproute2 prints an empty object for a link that the filter left out.
  return { addresses: link.addresses, mtus: ports.flatMap(({ mtu }) => mtu ?? []) };
}
