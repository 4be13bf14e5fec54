import {
  findRulesTrouble,
  removeRules,
  setRules,
  type NetworkRules,
} from '../../../host/traffic/keep-rules.ts';
import { explainError } from '../../../host/system-error.ts';
import { ProgramError } from '../../../host/run-program.ts';
import { Failure } from '../../../diagnostic/failure.ts';
import type { EmitEvent } from '../../../event/event.ts';
import type { Json } from '../../../recipe/json/json.ts';
import { mapFamilies } from '../../../network/per-family.ts';
import { Periodic } from '../../../time/periodic.ts';
import { listTrafficRules } from '../../../traffic/rule.ts';
import {
  gone,
  repaired,
  whole,
  type EnsureResult,
  type LiveNetwork,
  type NetworkPart,
  type PartTrouble,
} from './part.ts';

/** The rules for masquerading and forwarding, in chains and tables of heddle's own. */
export const trafficRulesPart: NetworkPart = {
  name: 'traffic-rules',
  isFoundation: false,
  remember: ({ traffic }) => ({ isWanted: traffic.masquerade || traffic.forward }),

  describe({ options }) {
    const { traffic, trafficResyncSeconds } = options;
    const kinds = [...(traffic.masquerade ? ['masquerade'] : []), ...(traffic.forward ? ['forward'] : [])];
    if (kinds.length === 0) return { settings: 'none' };
    return { settings: `${kinds.join(', ')}, looked at every ${trafficResyncSeconds} s` };
  },

  async up(network) {
    await setRules(rulesOf(network), warnBy(network.emit));
  },

  async ensure(network, _look, mayRepair) {
    try {
      const because = await findRulesTrouble(rulesOf(network));
      if (because === undefined) return whole;
      const trouble = { because, detail: '' };
      if (!mayRepair(trouble)) return { kind: 'broken', trouble };
      await setRules(rulesOf(network), warnBy(network.emit));
      return repaired;
    } catch (error) {
      return { kind: 'broken', trouble: explainTrouble(error) } satisfies EnsureResult;
    }
  },

  watch(network, ask, signal) {
    const look = new Periodic(network.options.trafficResyncSeconds * 1000, async () => {
      // The next look reports a program that fails.
      const trouble = await findRulesTrouble(rulesOf(network)).catch(explainError);
      if (trouble !== undefined) ask();
    });
    signal.addEventListener('abort', () => look.stop(), { once: true });
    look.start();
  },

  async down({ emit }, memory) {
    if (isWantedIn(memory)) await removeRules(warnBy(emit));
    return gone;
  },

  // The rules are gone with the network namespace.
  forget: () => Promise.resolve(),
};

function rulesOf({ commands, own, options }: LiveNetwork): NetworkRules {
  const { network } = commands.facts;
  const rules = mapFamilies(own, (subnet, family) => {
    const range = network[family];
    return range && listTrafficRules(range.network, subnet, options.traffic);
  });
  return { rules, enableNftables: network.enableNftables };
}

/** Whether the network has rules, by the deployment file. */
function isWantedIn(memory: Json): boolean {
  return (memory as { readonly isWanted?: unknown } | null)?.isWanted !== false;
}

function warnBy(emit: EmitEvent): (message: string) => void {
  return (message) => emit({ event: 'warning', message });
}

function explainTrouble(error: unknown): PartTrouble {
  if (!(error instanceof Failure) && !(error instanceof ProgramError)) throw error;
  const hint = error instanceof Failure && error.hint !== undefined ? `    ${error.hint}` : '';
  return { because: explainError(error), detail: hint };
}
