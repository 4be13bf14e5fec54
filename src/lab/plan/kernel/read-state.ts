import { toState, type StateObject, type KernelState } from './kernel-state.ts';
import { parseAddressObjects, parseForwardingEntries, parseLinkObjects, parseNeighbours } from './links.ts';
import { parseNftables } from './nftables.ts';
import { parseRouteObjects, parseRules } from './routes.ts';
import { parseWireguardPeers, parseXfrmPolicies, parseXfrmStates } from './tunnels.ts';

/** A program that prints one kind of objects, and the function that reads its output. */
interface Section {
  readonly command: string;
  readonly read: (output: string) => readonly StateObject[];
}

const sections: Readonly<Record<string, Section>> = {
  link: { command: 'ip -json -details link show', read: parseLinkObjects },
  address: { command: 'ip -json address show', read: parseAddressObjects },
  route: { command: 'ip -json -4 route show table all', read: (output) => parseRouteObjects('-4', output) },
  route6: { command: 'ip -json -6 route show table all', read: (output) => parseRouteObjects('-6', output) },
  rule: { command: 'ip -json -4 rule show', read: (output) => parseRules('-4', output) },
  rule6: { command: 'ip -json -6 rule show', read: (output) => parseRules('-6', output) },
  neighbour: { command: 'ip -json neighbour show nud permanent', read: parseNeighbours },
  proxy: { command: 'ip -json neighbour show proxy', read: parseNeighbours },
  fdb: { command: 'bridge -json fdb show', read: parseForwardingEntries },
  wireguard: { command: 'wg show all dump', read: parseWireguardPeers },
  nftables: { command: 'nft -j list ruleset', read: parseNftables },
  states: { command: 'ip xfrm state', read: parseXfrmStates },
  policies: { command: 'ip xfrm policy', read: parseXfrmPolicies },
};

/** The beginning of a line that begins a section. */
const mark = '#section ';

/** A script that prints everything that {@link readState} reads, in a network namespace. A program that the machine lacks prints nothing. */
export const stateScript = Object.entries(sections)
  .map(([name, { command }]) => `echo; echo '${mark}${name}'; ${command} 2>/dev/null`)
  .concat('true')
  .join('\n');

/** Reads the output of {@link stateScript}. */
export function readState(text: string): KernelState {
  const objects = text.split(`\n${mark}`).flatMap((part) => {
    const end = part.indexOf('\n');
    const section = sections[part.slice(0, end)];
    return section === undefined ? [] : section.read(part.slice(end + 1).trim());
  });
  return toState(objects);
}
