import type { Json } from '../../src/lease/lease.ts';
import { knownBad } from '../kernel/hostile/bad-leases.ts';
import type { DataForm, RawLease } from '../kernel/hostile/leases.ts';

/** How the backend data of recipes/vxlan.json looks. */
const form: DataForm = {
  name: 'json',
  makeGood: (number) => ({ VNI: 1, VtepMAC: `02:fb:00:00:00:${number.toString(16).padStart(2, '0')}` }),
  wordsOf: (data) => [(data as { readonly VtepMAC: string }).VtepMAC],
  wrap: (text) => ({ VNI: 1, VtepMAC: text }),
};

/** Leases that no node may apply, each under a key of its own; commands inside them write below `bait`. */
export function makeHostileLeases(bait: string): readonly RawLease[] {
  let number = 0;
  const keyOf = (): string => {
    number += 1;
    return `10.${52 + (number >> 8)}.${number & 255}.0-24`;
  };
  const { leases, foreign, contested } = knownBad(form, bait, keyOf);
  // The last of `contested` has the address of a node of another test.
  return [...leases.map(asVxlan), ...foreign, ...contested.slice(0, -1).map(asVxlan)];
}

/** The same lease with the backend type of the network, where it had that of the test it was made for. */
function asVxlan({ key, value }: RawLease): RawLease {
  const fields = parse(value.toString());
  if (fields?.['BackendType'] !== 'extension') return { key, value };
  return { key, value: Buffer.from(JSON.stringify({ ...fields, BackendType: 'vxlan' })) };
}

function parse(text: string): Readonly<Record<string, Json>> | undefined {
  try {
    const parsed = JSON.parse(text) as Json;
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, Json>) : undefined;
  } catch {
    return undefined;
  }
}
