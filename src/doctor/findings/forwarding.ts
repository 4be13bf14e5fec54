import { presentValues, eachFamily } from '../../network/per-family.ts';
import type { NetworkFacts } from '../facts.ts';
import { fine, warning, type Judgement } from '../finding.ts';

const keys = { ipv4: 'net.ipv4.ip_forward', ipv6: 'net.ipv6.conf.all.forwarding' } as const;
const names = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** Judges whether the kernel forwards packets between the overlay and the pods, for each family of the network. */
export function judgeForwarding({ settings, networks }: NetworkFacts): readonly Judgement[] {
  return presentValues(
    eachFamily((family) => {
      if (networks[family] === undefined) return undefined;
      const key = keys[family];
      if (settings.forwarding[family] === '1') return fine(`this host forwards ${names[family]} packets`);
      return warning(
        `this host does not forward ${names[family]} packets, so packets of other nodes do not reach its pods (${key} is ${settings.forwarding[family] ?? 'missing'})`,
        { advice: `turn it on, and keep it in /etc/sysctl.d`, command: `sysctl -w ${key}=1` },
      );
    }),
  );
}
