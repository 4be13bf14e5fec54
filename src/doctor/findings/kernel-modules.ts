import { listFew } from '../../diagnostic/words.ts';
import type { StartFacts } from '../facts.ts';
import { fatal, fine, unclear, type Judgement } from '../finding.ts';

/** The kernel modules for kinds of device, where the names differ. */
const moduleNames: Readonly<Record<string, string>> = {
  gre: 'ip_gre',
  gretap: 'ip_gre',
  ip6tnl: 'ip6_tunnel',
};

/** The kernel module for a kind of device. */
export function moduleOf(kind: string): string {
  return moduleNames[kind] ?? kind;
}

/** Judges whether the kernel can create the devices of the recipe. */
export function judgeModules({ plan, modules, hasWireguardGo }: StartFacts): readonly Judgement[] {
  const kinds = [...new Set(plan.devices.map(({ kind }) => kind))];
  if (kinds.length === 0) return [fine('the recipe does not need a module for a device')];
  return kinds.map((kind) => {
    const module = moduleOf(kind);
    switch (modules.get(module) ?? 'unknown') {
      case 'present':
        return fine(`the kernel has ${module}`);
      case 'loadable':
        return fine(`the kernel can load ${module}`);
      case 'unknown':
        return unclear(`this host does not show whether its kernel has ${module}`);
      case 'absent':
        if (kind === 'wireguard' && plan.usesWireguardGo && hasWireguardGo) {
          return fine('the kernel does not have wireguard, and the recipe uses wireguard-go');
        }
        return fatal(
          `the kernel does not have the module ${module}, so it cannot create ${nameDevices(plan, kind)}`,
          {
            advice: 'install all modules of the running kernel; on Ubuntu they have a package of their own',
            command: 'apt-get install linux-modules-extra-$(uname -r)',
          },
        );
    }
  });
}

function nameDevices({ devices }: StartFacts['plan'], kind: string): string {
  const names = devices.flatMap((device) => (device.kind === kind ? (device.name ?? []) : []));
  return names.length === 0 ? `a ${kind} device` : listFew(names);
}
