import { natTable } from '../../plan/commands.ts';
import type { LabPlace } from '../../process/places.ts';
import type { LookUp } from '../report.ts';

/** A change of a packet's address by a router. */
export interface Translated {
  readonly field: 'source' | 'destination';
  readonly to: string;
  readonly lookUp: LookUp;
}

/** The change of a packet that arrives at a router for an address that the router forwards. */
export function translateDestination(
  { nat, name }: Pick<LabPlace, 'nat' | 'name'>,
  arrives: string | undefined,
  destination: string,
): Translated | undefined {
  if (nat === undefined || arrives !== nat.interface) return undefined;
  const inside = nat.addresses.find(({ outside }) => outside === destination)?.inside;
  if (inside === undefined || inside === null) return undefined;
  return {
    field: 'destination',
    to: inside,
    lookUp: lookUp(`${name} forwards ${destination} to ${inside}`, destination),
  };
}

/** The change of a packet that leaves a router outside. A packet of the router itself has its address already. */
export function translateSource(
  { nat, name }: Pick<LabPlace, 'nat' | 'name'>,
  arrives: string | undefined,
  leaves: string,
  { source, destination }: { readonly source: string | undefined; readonly destination: string },
): Translated | undefined {
  if (nat === undefined || arrives === undefined || leaves !== nat.interface) return undefined;
  const outside = nat.addresses.find((each) => isSameFamily(each.outside, destination))?.outside;
  if (outside === undefined || outside === source) return undefined;
  const what = source === undefined ? 'the source' : `the source ${source}`;
  return {
    field: 'source',
    to: outside,
    lookUp: lookUp(`${name} replaces ${what} by ${outside}`, destination),
  };
}

function lookUp(found: string, address: string): LookUp {
  const family = address.includes(':') ? 'ip6' : 'ip';
  return { table: 'nat', found, command: `nft list table ${family} ${natTable}` };
}

function isSameFamily(one: string, other: string): boolean {
  return one.includes(':') === other.includes(':');
}
