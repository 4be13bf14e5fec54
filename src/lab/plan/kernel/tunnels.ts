import type { StateObject } from './kernel-state.ts';

/**
 * Reads `wg show all dump`: a line for each interface, and one for each of its peers. Private keys and preshared keys are left out, and so
 * are the time of the last handshake and the bytes.
 */
export function parseWireguardPeers(output: string): readonly StateObject[] {
  return output.split('\n').flatMap((line): StateObject[] => {
    const [device = '', key = '', , endpoint = '', allowed = '', , , , keepalive] = line.split('\t');
    // The line of an interface has five columns, that of a peer nine.
    if (keepalive === undefined) return [];
    const networks = allowed.split(',').sort().join(', ');
    return [
      {
        kind: 'WireGuard peer',
        name: `${key} at ${endpoint} for ${networks} on ${device}`,
        text: [device, key, endpoint, networks, keepalive].join(' '),
        device,
        remove: ['wg', 'set', device, 'peer', key, 'remove'],
      },
    ];
  });
}

/** Reads `ip xfrm state`: a block for each state, with its first line not indented. Keys, counters and times are left out. */
export function parseXfrmStates(output: string): readonly StateObject[] {
  return blocksOf(output).flatMap((block) => {
    const [, source, target] = /^src (\S+) dst (\S+)/.exec(block) ?? [];
    const [, protocol, spi] = /\bproto (\S+) spi (\S+)/.exec(block) ?? [];
    if (source === undefined || target === undefined || protocol === undefined || spi === undefined)
      return [];
    const identity = ['src', source, 'dst', target, 'proto', protocol, 'spi', spi];
    return [
      {
        kind: 'xfrm state',
        name: identity.join(' '),
        text: stableLines(block).join(' '),
        device: undefined,
        remove: ['ip', 'xfrm', 'state', 'delete', ...identity],
      },
    ];
  });
}

/** Reads `ip xfrm policy`. */
export function parseXfrmPolicies(output: string): readonly StateObject[] {
  return blocksOf(output).flatMap((block) => {
    const [, source, target] = /^src (\S+) dst (\S+)/.exec(block) ?? [];
    const [, direction] = /\bdir (\S+)/.exec(block) ?? [];
    if (source === undefined || target === undefined || direction === undefined) return [];
    const identity = ['src', source, 'dst', target, 'dir', direction];
    return [
      {
        kind: 'xfrm policy',
        name: identity.join(' '),
        text: stableLines(block).join(' '),
        device: undefined,
        remove: ['ip', 'xfrm', 'policy', 'delete', ...identity],
      },
    ];
  });
}

function blocksOf(output: string): readonly string[] {
  return output === '' ? [] : output.split(/\n(?=\S)/);
}

/** The lines of a block that do not change by themselves, and do not hold keys. */
function stableLines(block: string): readonly string[] {
  return block
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !/^(?:auth|enc|aead|comp|anti-replay|lastused|replay|stats|lifetime)\b/.test(line));
}
