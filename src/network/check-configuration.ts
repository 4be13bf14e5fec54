import type { Findings } from '../diagnostic/findings.ts';
import type { LocatedValue } from '../diagnostic/located-value.ts';
import type { Span } from '../diagnostic/source.ts';
import type { NetworkConfiguration, SubnetRange } from './configuration.ts';
import { checkSubnetRange, familyRules, type FamilyRules, type RangeValues } from './check-range.ts';
import { eachFamily, mapFamilies, presentValues } from './per-family.ts';

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
  const enabled = eachFamily((family) => readSwitch(document, familyRules[family]));
  if (presentValues(enabled).length === 2 && !presentValues(enabled).includes(true)) {
    const span = values.EnableIPv4?.span ?? document.start;
    findings.error('no-family', span, 'neither IPv4 nor IPv6 is enabled', 'set `EnableIPv6` to true');
  }
  const ranges = eachFamily((family) =>
    checkFamily(document, familyRules[family], enabled[family], findings),
  );
  if (presentValues(enabled).length < 2) return undefined;
  const wanted = mapFamilies(enabled, (isEnabled) => isEnabled || undefined);
  const families = mapFamilies(wanted, (_, family) => ranges[family]);
  if (presentValues(families).length < presentValues(wanted).length) return undefined;
  return { ...families, enableNftables: values.EnableNFTables?.value ?? false };
}

/** Whether a family is enabled; undefined if the document says so in a way that could not be read. */
function readSwitch({ values, given }: NetworkDocument, { keys, isUsual }: FamilyRules): boolean | undefined {
  return values[keys.enable]?.value ?? (given.has(keys.enable) ? undefined : isUsual);
}

/** Checks one family's keys; those of a family that is not enabled are checked all the same. */
function checkFamily(
  document: NetworkDocument,
  rules: FamilyRules,
  enabled: boolean | undefined,
  findings: Findings,
): SubnetRange | undefined {
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
