import type { NetworkFacts, StartFacts } from './facts.ts';
import type { Finding, Judgement } from './finding.ts';
import { judgeBridgeFilter } from './findings/bridge-filter.ts';
import { judgeFirewall } from './findings/firewall.ts';
import { judgeForwardPolicy } from './findings/forward-policy.ts';
import { judgeForwarding } from './findings/forwarding.ts';
import { judgeModules } from './findings/kernel-modules.ts';
import { judgeMacPolicy } from './findings/mac-policy.ts';
import { judgeMtu } from './findings/path-mtu.ts';
import { judgePorts } from './findings/port-in-use.ts';
import { judgeReversePath } from './findings/reverse-path.ts';
import { judgeVnis } from './findings/vni-in-use.ts';

/** A check: its name in the output, and its judgement of the facts. */
interface Check<Facts> {
  readonly name: string;
  readonly judge: (facts: Facts) => readonly Judgement[];
}

/** The checks that `heddle up` makes as well, before it changes anything. An error of theirs ends the start. */
const startChecks: readonly Check<StartFacts>[] = [
  { name: 'kernel-modules', judge: judgeModules },
  { name: 'port', judge: judgePorts },
  { name: 'vni', judge: judgeVnis },
];

/** All checks of the host for a known network. */
const networkChecks: readonly Check<NetworkFacts>[] = [
  ...startChecks,
  { name: 'mtu', judge: judgeMtu },
  { name: 'mac-policy', judge: judgeMacPolicy },
  { name: 'forwarding', judge: judgeForwarding },
  { name: 'bridge-filter', judge: judgeBridgeFilter },
  { name: 'rp-filter', judge: judgeReversePath },
  { name: 'forward-policy', judge: judgeForwardPolicy },
  { name: 'firewall', judge: judgeFirewall },
];

/** The checks of parts of the start, in order: each is made by the code of `heddle up` itself, except `peers`, which the running daemon reports. */
export const partChecks = [
  'recipe',
  'programs',
  'privileges',
  'interface',
  'state-directory',
  'copied-state',
  'peers',
  'subnet-file',
  'cni-list',
  'store',
  'network',
  'clock',
  'overlap',
  'other-daemon',
  'flanneld',
  'traffic-tools',
] as const;
export type PartCheck = (typeof partChecks)[number];

/** The names of all checks, in the order of the output. */
export const checkNames: readonly string[] = [...partChecks, ...networkChecks.map(({ name }) => name)];

/** Makes the checks that need a network; without one, each is unknown. */
export function judgeHost(facts: NetworkFacts | undefined): readonly Finding[] {
  return judgeAll(networkChecks, facts);
}

/** Makes the checks of a start. */
export function judgeStart(facts: StartFacts): readonly Finding[] {
  return judgeAll(startChecks, facts);
}

function judgeAll<Facts>(checks: readonly Check<Facts>[], facts: Facts | undefined): readonly Finding[] {
  return checks.flatMap(({ name, judge }) => {
    const verdicts: readonly Judgement[] =
      facts === undefined
        ? [
            {
              level: 'unknown',
              message: 'needs a recipe, a network and an interface',
              advice: null,
              command: null,
            },
          ]
        : judge(facts);
    return verdicts.map((verdict) => ({ check: name, ...verdict }));
  });
}
