import { eachFamily, presentValues } from '../../network/per-family.ts';
import type { NetworkFacts } from '../facts.ts';
import { fine, warning, type Judgement } from '../finding.ts';

const keys = {
  ipv4: 'net.bridge.bridge-nf-call-iptables',
  ipv6: 'net.bridge.bridge-nf-call-ip6tables',
} as const;

/** Judges whether iptables sees packets between the pods of one node, as Services of Kubernetes need. */
export function judgeBridgeFilter({ settings, networks }: NetworkFacts): readonly Judgement[] {
  return presentValues(
    eachFamily((family) => {
      if (networks[family] === undefined) return undefined;
      const value = settings.bridgeFilter[family];
      if (value === '1') return fine(`${keys[family]} is 1`);
      const effect = 'so a pod does not reach a Service of Kubernetes whose pod is on the same node';
      return value === undefined
        ? warning(`the module br_netfilter is not loaded, ${effect}`, {
            advice: 'with Kubernetes, load it, and name it in /etc/modules-load.d',
            command: 'modprobe br_netfilter',
          })
        : warning(`${keys[family]} is ${value}, ${effect}`, {
            advice: 'with Kubernetes, turn it on, and keep it in /etc/sysctl.d',
            command: `sysctl -w ${keys[family]}=1`,
          });
    }),
  );
}
