import { parseCidr } from '../../src/network/cidr.ts';
import type { Cidr } from '../../src/network/cidr.ts';
import type { NetworkConfiguration, SubnetRange } from '../../src/network/configuration.ts';
import type { Lease, LeaseAttributes } from '../../src/lease/lease.ts';
import type { PeerRules } from '../../src/lease/check-peer.ts';

export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no CIDR`);
  return parsed;
}

function range(network: string, subnetLength: number): SubnetRange {
  const { family, value } = cidr(network);
  return { network: cidr(network), subnetLength, subnetMin: { family, value }, subnetMax: { family, value } };
}

export const ipv4Only: NetworkConfiguration = {
  ipv4: range('10.50.0.0/16', 24),
  ipv6: undefined,
  enableNftables: false,
};

export const dualStack: NetworkConfiguration = { ...ipv4Only, ipv6: range('2001:cafe:42::/56', 64) };

export const textRules: PeerRules = {
  network: ipv4Only,
  backendType: 'extension',
  backendData: { format: 'text', pattern: undefined },
  agreed: [],
  ownAddresses: ['172.30.0.1'],
  allowOverlap: false,
  ownIdentities: [],
};

export const vxlanRules: PeerRules = {
  ...textRules,
  backendType: 'vxlan',
  backendData: {
    format: 'json',
    fields: [
      { name: 'VNI', variable: 'VNI', pattern: /^(?:[0-9]+)$/u },
      { name: 'VtepMAC', variable: 'VTEP_MAC', pattern: /^(?:[0-9a-f]{2}(:[0-9a-f]{2}){5})$/u },
    ],
  },
};

/** A lease of the type that `textRules` accept, changed as a test wants it. */
export function makeLease(subnet: string, attributes: Partial<LeaseAttributes> = {}): Lease {
  return {
    key: subnet.replace('/', '-'),
    subnets: { ipv4: cidr(subnet), ipv6: undefined },
    attributes: {
      publicIp: '172.30.0.2',
      publicIpv6: undefined,
      backendType: 'extension',
      backendData: '26:70:41:4d:fe:1b',
      backendV6Data: undefined,
      ...attributes,
    },
    expiresAt: undefined,
  };
}
