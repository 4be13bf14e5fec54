import { formatCidr } from '../network/cidr.ts';
import { presentValues } from '../network/per-family.ts';
import type { SubnetEnvironment } from '../network/subnet-env.ts';
import { stampOf } from './stamp.ts';
import { without, type CniTemplate, type FlannelEntry, type JsonObject } from './template.ts';

/**
 * Renders a CNI list for one node, with the mark of its daemon. Each entry of flannel's plugin becomes the configuration that this plugin
 * would hand over to its delegate. The other entries stay as they are.
 *
 * @param stateDirectory the state directory of the daemon whose list it is
 */
export function renderCniList(
  { list, entries }: CniTemplate,
  node: SubnetEnvironment,
  stateDirectory: string,
): string {
  const plugins = entries.map((entry) =>
    entry.kind === 'flannel' ? renderEntry(entry, node) : entry.plugin,
  );
  const rendered = {
    ...stampOf(stateDirectory),
    // flannel's plugin answers each CHECK with success. The plugin bridge refuses routes without a gateway, and flannel's do not have one.
    disableCheck: true,
    ...without(list, ['heddle', 'plugins']),
    plugins,
  };
  return `${JSON.stringify(rendered, null, 2)}\n`;
}

/**
 * The configuration that flannel's plugin hands over. The container runtime adds the list's `name` and `cniVersion`, and reads
 * `capabilities`, which are those of the entry.
 */
function renderEntry(entry: FlannelEntry, { mtu, ipMasq, ...subnets }: SubnetEnvironment): JsonObject {
  const { ipam, routes, capabilities, runtimeConfig } = entry;
  const { type = 'bridge', ...delegate } = without(entry.delegate, ['cniVersion', 'capabilities']);
  const families = presentValues(subnets);
  return {
    type,
    ...(type === 'bridge' && { isGateway: true }),
    ipMasq: !ipMasq,
    mtu,
    ...delegate,
    ...(capabilities !== undefined && { capabilities }),
    ...(runtimeConfig !== undefined && { runtimeConfig }),
    ipam: {
      type: 'host-local',
      ...ipam,
      ranges: families.map(({ subnet }) => [{ subnet: formatCidr(subnet) }]),
      routes: [...routes, ...families.map(({ network }) => ({ dst: formatCidr(network) }))],
    },
  };
}
