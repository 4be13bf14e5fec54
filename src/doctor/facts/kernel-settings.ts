import { readFile } from 'node:fs/promises';
import type { KernelSettings } from '../facts.ts';

/** Reads the settings below /proc/sys that decide about the packets of an overlay on an interface. */
export async function readKernelSettings(iface: string): Promise<KernelSettings> {
  const [ipv4, ipv6, bridge4, bridge6, all, own] = await Promise.all(
    [
      'ipv4/ip_forward',
      'ipv6/conf/all/forwarding',
      'bridge/bridge-nf-call-iptables',
      'bridge/bridge-nf-call-ip6tables',
      'ipv4/conf/all/rp_filter',
      `ipv4/conf/${iface}/rp_filter`,
    ].map(readSetting),
  );
  return {
    forwarding: { ipv4, ipv6 },
    bridgeFilter: { ipv4: bridge4, ipv6: bridge6 },
    reversePath: { all, own },
  };
}

async function readSetting(name: string): Promise<string | undefined> {
  const text = await readFile(`/proc/sys/net/${name}`, 'utf8').catch(() => undefined);
  return text?.trim();
}
