import { applyEdits, modify } from 'jsonc-parser';
import type { PerFamily } from '../../network/per-family.ts';
import { familyChoices, type FamilyChoice } from './request.ts';

/** The network that a recipe without IPv6 gets when its commands can handle IPv6, or without IPv4 the other way round. */
const inventedNetworks = { Network: '10.50.0.0/16', IPv6Network: 'fd00:686c::/48' } as const;

/** The facts about a recipe that decide about its families. */
interface RecipeFamilies {
  /** The families of the recipe's own document. */
  readonly network: PerFamily<unknown>;
  /** The text of the commands. */
  readonly commands: string;
}

/**
 * The families that a recipe has: those of its document, and those that its commands can handle, because they read the variables of the
 * family. A recipe without commands has all.
 */
export function familiesOf({ network, commands }: RecipeFamilies): readonly FamilyChoice[] {
  const hasIpv4 = network.ipv4 !== undefined || /\$\{?(?:SUBNET|SUBNET_IP)\b/.test(commands);
  const hasIpv6 = network.ipv6 !== undefined || /\$\{?(?:IPV6SUBNET|IPV6SUBNET_IP)\b/.test(commands);
  if (commands === '') return familyChoices;
  const isDual = hasIpv4 && hasIpv6;
  const choices: FamilyChoice[] = [];
  if (hasIpv4) choices.push('IPv4');
  if (hasIpv6) choices.push('IPv6');
  if (isDual) choices.push('dual');
  return choices;
}

/** The text of a recipe with the given families. Its lines stay where they are, because new keys come last, on one line. */
export function withFamilies(text: string, network: PerFamily<unknown>, families: FamilyChoice): string {
  const wants = { ipv4: families !== 'IPv6', ipv6: families !== 'IPv4' };
  const edits: [string, unknown][] = [];
  if (wants.ipv4 !== (network.ipv4 !== undefined)) edits.push(['EnableIPv4', wants.ipv4]);
  if (wants.ipv6 !== (network.ipv6 !== undefined)) edits.push(['EnableIPv6', wants.ipv6]);
  if (wants.ipv4 && network.ipv4 === undefined) edits.push(['Network', inventedNetworks.Network]);
  if (wants.ipv6 && network.ipv6 === undefined) edits.push(['IPv6Network', inventedNetworks.IPv6Network]);
  return edits.reduce((edited, [key, value]) => applyEdits(edited, modify(edited, [key], value, {})), text);
}
