import { addBlackholeRoute, hasBlackholeRoute, removeBlackholeRoute } from '../../../host/blackhole-route.ts';
import { explainError } from '../../../host/system-error.ts';
import type { LeaseSubnets } from '../../../lease/lease.ts';
import { formatCidr } from '../../../network/cidr.ts';
import { presentValues } from '../../../network/per-family.ts';
import type { Json } from '../../../recipe/json/json.ts';
import { gone, repaired, stays, whole, type NetworkPart, type RemovalResult } from './part.ts';

/**
 * A route for this node's own subnet that drops packets to addresses without a pod. Without it, such a packet takes the default route, and
 * may come back.
 */
export const blackholeRoutePart: NetworkPart = {
  name: 'blackhole-route',
  isFoundation: false,
  remember: ({ blackholeRoute }) => ({ isWanted: blackholeRoute }),

  describe: ({ own, options }) => ({
    settings: options.blackholeRoute ? presentValues(own).map(formatCidr).join(' and ') : 'none',
  }),

  async up({ own, options }) {
    if (options.blackholeRoute) await add(own);
    // An earlier daemon may have left a route. Without privileges, it did not add one either.
    else await remove(own).catch(() => undefined);
  },

  async ensure({ own, options }, _look, mayRepair) {
    if (!options.blackholeRoute) return whole;
    try {
      const missing: string[] = [];
      for (const subnet of presentValues(own)) {
        if (!(await hasBlackholeRoute(subnet))) missing.push(formatCidr(subnet));
      }
      if (missing.length === 0) return whole;
      const trouble = { because: `the blackhole route ${missing.join(' and ')} is missing`, detail: '' };
      if (!mayRepair(trouble)) return { kind: 'broken', trouble };
      await add(own);
      return repaired;
    } catch (error) {
      return { kind: 'broken', trouble: { because: explainError(error), detail: '' } };
    }
  },

  async down({ own, emit }, memory) {
    if (!isWantedIn(memory) || own === undefined) return gone;
    let result: RemovalResult = gone;
    for (const subnet of presentValues(own)) {
      try {
        await removeBlackholeRoute(subnet);
      } catch (error) {
        result = stays(`the blackhole route ${formatCidr(subnet)}`, error, emit);
      }
    }
    return result;
  },

  // The route is gone with the kernel's other objects.
  forget: () => Promise.resolve(),
};

async function add(own: LeaseSubnets): Promise<void> {
  for (const subnet of presentValues(own)) await addBlackholeRoute(subnet);
}

async function remove(own: LeaseSubnets): Promise<void> {
  for (const subnet of presentValues(own)) await removeBlackholeRoute(subnet);
}

/** Whether the network has such a route, by the deployment file. */
function isWantedIn(memory: Json | undefined): boolean {
  return (memory as { readonly isWanted?: unknown } | null | undefined)?.isWanted === true;
}
