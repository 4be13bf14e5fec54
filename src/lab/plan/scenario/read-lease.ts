import type { Findings } from '../../../diagnostic/findings.ts';
import type { LocatedValue } from '../../../diagnostic/located-value.ts';
import { leaseKey } from '../../../lease/wire.ts';
import {
  addressBits,
  formatAddress,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
  type Cidr,
  type Family,
} from '../../../network/cidr.ts';
import { openingBrace, type ObjectNode } from '../../../recipe/json/json-tree.ts';
import type { Json } from '../../../recipe/json/json.ts';
import { joinPath } from '../../../recipe/read/read-keys.ts';
import { leaseKeys } from './keys.ts';
import { readObject } from './read-object.ts';
import type { ScenarioLease } from './scenario.ts';

/** Reads the lease of `PutLease`. Undefined if it is wrong, which is reported. */
export function readLease(object: ObjectNode, path: string, findings: Findings): ScenarioLease | undefined {
  const { values, given } = readObject(object, leaseKeys, path, findings);
  const subnet = (key: 'Subnet' | 'IPv6Subnet', family: Family): Cidr | undefined =>
    values[key] && readSubnet(values[key], joinPath(path, key), family, findings);
  const address = (key: 'PublicIP' | 'PublicIPv6', family: Family): string | undefined =>
    values[key] && readAddress(values[key], joinPath(path, key), family, findings);
  const ipv4 = subnet('Subnet', 4);
  const ipv6 = subnet('IPv6Subnet', 6);
  const [publicIp, publicIpv6] = [address('PublicIP', 4), address('PublicIPv6', 6)];
  if (!given.has('Subnet') && !given.has('IPv6Subnet'))
    findings.error(
      'missing-key',
      openingBrace(object),
      `\`${path}\` does not have a subnet`,
      'add `Subnet` or `IPv6Subnet`',
    );
  if (!given.has('PublicIP') && !given.has('PublicIPv6'))
    findings.error(
      'missing-key',
      openingBrace(object),
      `\`${path}\` does not have an address`,
      'add `PublicIP` or `PublicIPv6`',
    );
  if (ipv4 === undefined && ipv6 === undefined) return undefined;
  return {
    key: leaseKey({ ipv4, ipv6 }),
    publicIp,
    publicIpv6,
    backendType: values.BackendType?.value,
    backendData: values.BackendData?.value as Json | undefined,
    backendV6Data: values.BackendV6Data?.value as Json | undefined,
  };
}

/** Reads a subnet of a family. Undefined if it is wrong, which is reported. */
export function readSubnet(
  { value, span }: LocatedValue<string>,
  path: string,
  family: Family | undefined,
  findings: Findings,
): Cidr | undefined {
  const cidr = parseCidr(value);
  if (cidr !== undefined && (family === undefined || cidr.family === family)) return cidr;
  const example = family === 6 ? '2001:db8:42:1::/64' : '10.50.0.0/24';
  const what = family === undefined ? 'a subnet' : `an IPv${family} subnet`;
  const message = `\`${path}\` must be ${what}, such as ${example}`;
  findings.error('malformed-address', span, message, suggestSubnet(value));
  return undefined;
}

/** The hint for an address in place of the subnet that has it. */
function suggestSubnet(text: string): string | undefined {
  const [, host = '', prefix] = /^(.*)\/(\d+)$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === undefined || Number(prefix) > addressBits(address.family)) return undefined;
  return `the subnet of this address is ${formatCidr(networkOf(address, Number(prefix)))}`;
}

function readAddress(
  { value, span }: LocatedValue<string>,
  path: string,
  family: Family,
  findings: Findings,
): string | undefined {
  const address = parseAddress(value);
  if (address?.family === family) return formatAddress(address);
  findings.error('malformed-address', span, `\`${path}\` must be an IPv${family} address`);
  return undefined;
}
