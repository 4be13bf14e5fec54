import { argumentOf, readObjects, textOf, wordOf, type Fields } from './json-objects.ts';
import type { StateObject } from './kernel-state.ts';

type FamilyOption = '-4' | '-6';

/** Flags that follow the carrier of a link. */
const carrierFlags: ReadonlySet<unknown> = new Set(['linkdown', 'dead']);

/**
 * Reads `ip -json route show table all`. The kernel keeps routes for each address, and for link-local addresses and groups; the addresses
 * are compared themselves.
 */
export function parseRouteObjects(family: FamilyOption, output: string): readonly StateObject[] {
  return readObjects(output)
    .filter((route) => route['protocol'] !== 'kernel' && route['protocol'] !== 'ra')
    .map((route) => {
      const flags = ((route['flags'] ?? []) as readonly string[]).filter((flag) => !carrierFlags.has(flag));
      const way = [
        ...argumentOf(route, 'gateway', 'via'),
        ...argumentOf(route, 'dev'),
        ...argumentOf(route, 'table'),
        ...argumentOf(route, 'metric'),
      ];
      const type = typeOf(route);
      const destination = wordOf(route, 'dst') ?? 'default';
      return {
        kind: 'route',
        name: [...type, destination, ...way].join(' '),
        text: `${family} ${textOf({ ...route, flags }, volatileOfRoute)}`,
        device: wordOf(route, 'dev'),
        remove: ['ip', family, 'route', 'delete', ...type, destination, ...way],
      };
    });
}

const volatileOfRoute: ReadonlySet<string> = new Set(['expires', 'pref', 'cache']);

function typeOf(route: Fields): readonly string[] {
  const type = wordOf(route, 'type');
  return type === undefined || type === 'unicast' ? [] : [type];
}

/** Reads `ip -json rule show`. The kernel's own three rules stay the same. */
export function parseRules(family: FamilyOption, output: string): readonly StateObject[] {
  return readObjects(output).map((rule) => {
    const priority = wordOf(rule, 'priority') ?? '';
    const selectors = [
      ...argumentOf(rule, 'src', 'from'),
      ...argumentOf(rule, 'dst', 'to'),
      ...argumentOf(rule, 'fwmark'),
    ];
    const table = argumentOf(rule, 'table', 'lookup');
    return {
      kind: 'rule',
      name: `${priority}: ${[...selectors, ...table].join(' ')}`,
      text: `${family} ${textOf(rule)}`,
      device: undefined,
      remove: ['ip', family, 'rule', 'delete', 'priority', priority],
    };
  });
}
