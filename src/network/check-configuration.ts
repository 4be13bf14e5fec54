import type { Findings } from '../diagnostic/findings.ts';
import type { LocatedValue } from '../diagnostic/located-value.ts';
import type { Span } from '../diagnostic/source.ts';
import type { NetworkConfiguration } from './configuration.ts';
import { checkSubnetRange, ipv4Rules, ipv6Rules, type FamilyRules, type RangeValues } from './check-range.ts';

/** The values of a network configuration, those that are of the right type; from `networkKeys`. */
export interface NetworkValues extends RangeValues {
  readonly EnableIPv4?: LocatedValue<boolean>;
  readonly EnableIPv6?: LocatedValue<boolean>;
  readonly EnableNFTables?: LocatedValue<boolean>;
}

/** The keys that {@link checkNetworkConfiguration} reads. */
interface NetworkDocument {
  readonly values: NetworkValues;
  /** The keys that stand in the document, even with values of the wrong type. */
  readonly given: ReadonlySet<string>;
  /** Where something that is missing is reported. */
  readonly start: Span;
}

/**
 * Applies flannel's rules (its `subnet.CheckNetworkConfig`) and fills in its defaults. Returns undefined if a family
 * that is enabled could not be made out; whether everything was right is for the findings to say.
 */
export function checkNetworkConfiguration(
  document: NetworkDocument,
  findings: Findings,
): NetworkConfiguration | undefined {
  const { values } = document;
  const enabled = {
    ipv4: readSwitch(document, 'EnableIPv4', true),
    ipv6: readSwitch(document, 'EnableIPv6', false),
  };
  if (enabled.ipv4 === false && enabled.ipv6 === false) {
    const span = values.EnableIPv4?.span ?? document.start;
    findings.error('no-family', span, 'neither IPv4 nor IPv6 is enabled', 'set `EnableIPv6` to true');
  }
  const ipv4 = checkFamily(document, ipv4Rules, enabled.ipv4, findings);
  const ipv6 = checkFamily(document, ipv6Rules, enabled.ipv6, findings);
  if (enabled.ipv4 === undefined || enabled.ipv6 === undefined) return undefined;
  if ((enabled.ipv4 && !ipv4) || (enabled.ipv6 && !ipv6)) return undefined;
  return {
    ipv4: enabled.ipv4 ? ipv4 : undefined,
    ipv6: enabled.ipv6 ? ipv6 : undefined,
    enableNftables: values.EnableNFTables?.value ?? false,
  };
}

/** Whether a family is enabled; undefined if the document says so in a way that could not be read. */
function readSwitch(
  { values, given }: NetworkDocument,
  key: FamilyRules['keys']['enable'],
  usual: boolean,
): boolean | undefined {
  return values[key]?.value ?? (given.has(key) ? undefined : usual);
}

/** Checks one family's keys; those of a family that is not enabled are checked all the same. */
function checkFamily(
  document: NetworkDocument,
  rules: FamilyRules,
  enabled: boolean | undefined,
  findings: Findings,
) {
  const { network, enable } = rules.keys;
  if (enabled && !document.given.has(network)) {
    const hint = `add one, such as \`"${network}": "${rules.exampleNetwork}"\``;
    findings.error('missing-key', document.start, `\`${network}\` is missing`, hint);
  }
  const given = document.values[network];
  if (enabled === false && given !== undefined) {
    const hint = `set \`${enable}\` to true, or remove \`${network}\``;
    findings.warning(
      'unused-key',
      given.span,
      `\`${network}\` has no effect: \`${enable}\` is not true`,
      hint,
    );
  }
  return checkSubnetRange(document.values, rules, findings);
}
