import type { Concerns } from '../../event/concerns.ts';
import type { HostInterfaces } from '../../host/interface/interface.ts';
import type { Family } from '../../network/cidr.ts';

const settings: Readonly<Record<Family, string>> = {
  4: 'net.ipv4.ip_forward',
  6: 'net.ipv6.conf.all.forwarding',
};

/** Raises the concern that this host does not forward packets of a family of the network, or ends it. After the signal, nothing is reported. */
export async function raiseForwardingConcerns(
  interfaces: Pick<HostInterfaces, 'isForwarding'>,
  families: readonly Family[],
  concerns: Concerns,
  signal: AbortSignal,
): Promise<void> {
  const found = await Promise.all(
    families.map(async (family) => ((await interfaces.isForwarding(family)) ? [] : [describe(family)])),
  );
  if (!signal.aborted) concerns.set('forwarding', found.flat());
}

function describe(family: Family): { about: string; because: string; hint: string } {
  const setting = settings[family];
  const about = `IPv${family}`;
  return {
    about,
    because: `${about} forwarding is off on this host (${setting} is 0): the kernel drops packets between the pods of this node and other nodes`,
    hint: `run sysctl -w ${setting}=1, and write ${setting} = 1 into a file in /etc/sysctl.d, so that it stays`,
  };
}
