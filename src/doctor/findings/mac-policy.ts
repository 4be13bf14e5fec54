import type { PlannedDevice } from '../devices/planned-devices.ts';
import type { NetworkFacts } from '../facts.ts';
import { fine, warning, type Judgement } from '../finding.ts';

/** Kinds of device that have a MAC address. */
const kindsWithMac = ['vxlan', 'geneve', 'bridge', 'gretap', 'ip6gretap', 'dummy', 'veth'];

/** Judges whether udev replaces the MAC address that a device of the recipe has. */
export function judgeMacPolicy({ plan, macPolicies }: NetworkFacts): readonly Judgement[] {
  const devices = plan.devices.filter(({ kind }) => kindsWithMac.includes(kind));
  if (devices.length === 0) return [fine('no device of the recipe has a MAC address')];
  const open = devices.filter(({ hasAddress }) => !hasAddress);
  if (open.length === 0) return [fine('the recipe gives its devices their MAC addresses')];
  if (!macPolicies.isUdevRunning) return [fine('systemd-udevd does not run')];
  const verdicts = open.flatMap((device) => {
    const file = macPolicies.files.map(readLinkFile).find((each) => applies(each, device));
    return file?.policy === undefined || file.policy === 'none' ? [] : [describe(device, file)];
  });
  return verdicts.length === 0 ? [fine('systemd-udevd leaves the MAC addresses as they are')] : verdicts;
}

interface LinkFile {
  readonly path: string;
  /** The keys of [Match], with their values. */
  readonly match: ReadonlyMap<string, string>;
  readonly policy: string | undefined;
}

function readLinkFile({ path, text }: NetworkFacts['macPolicies']['files'][number]): LinkFile {
  const match = new Map<string, string>();
  let section = '';
  let policy: string | undefined;
  for (const line of text.split('\n')) {
    section = /^\[(\w+)\]/.exec(line)?.[1] ?? section;
    const [, key = '', value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === '') continue;
    if (section === 'Match') match.set(key, value);
    if (section === 'Link' && key === 'MACAddressPolicy') policy = value;
  }
  return { path, match, policy };
}

/** Whether udev uses a file for a device: it uses the first file that matches. A key that is not known here does not match. */
function applies({ match }: LinkFile, { name = '', kind }: PlannedDevice): boolean {
  // Without a key, udev passes the file over.
  if (match.size === 0) return false;
  return [...match].every(([key, value]) => {
    if (key === 'OriginalName') return matchesPattern(value, name);
    return (key === 'Kind' || key === 'Driver') && matchesPattern(value, kind);
  });
}

function matchesPattern(patterns: string, text: string): boolean {
  return patterns.split(/\s+/).some((pattern) => {
    const form = pattern
      .replaceAll(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${form}$`).test(text);
  });
}

function describe({ name = '*', kind }: PlannedDevice, { path, policy = '' }: LinkFile): Judgement {
  const device = name === '*' ? `the ${kind} device` : name;
  return warning(
    `systemd-udevd gives ${device} another MAC address after the recipe has created it (MACAddressPolicy=${policy} in ${path}), so peers may send to a MAC address that is gone`,
    {
      advice: 'give the address in the recipe (ip link add … address …), or tell systemd to leave it',
      command: `printf '[Match]\\nOriginalName=${name}\\n[Link]\\nMACAddressPolicy=none\\n' >/etc/systemd/network/10-heddle.link`,
    },
  );
}
