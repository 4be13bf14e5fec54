import {
  findRulesTrouble,
  removeRules,
  setRules,
  type NetworkRules,
} from '../../../host/traffic/keep-rules.ts';
import { explainError } from '../../../host/system-error.ts';
import { ProgramError } from '../../../host/run-program.ts';
import { Failure } from '../../../diagnostic/failure.ts';
import type { ForwardedRange } from '../../../doctor/facts/forward-droppers.ts';
import type { EmitEvent } from '../../../event/event.ts';
import type { Json } from '../../../recipe/json/json.ts';
import type { LeaseSubnets } from '../../../lease/lease.ts';
import type { NetworkConfiguration } from '../../../network/configuration.ts';
import { mapFamilies, presentValues } from '../../../network/per-family.ts';
import {
  isChainSuffix,
  listTrafficRules,
  type ChainSuffix,
  type TrafficWishes,
} from '../../../traffic/rule.ts';
import { TrafficWatch } from '../../watch/traffic-watch.ts';
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
  remember: ({ traffic, chainSuffix }) => ({ isWanted: traffic.masquerade || traffic.forward, chainSuffix }),

  describe({ options }) {
    const { traffic, trafficResyncSeconds, chainSuffix } = options;
    const kinds = [...(traffic.masquerade ? ['masquerade'] : []), ...(traffic.forward ? ['forward'] : [])];
    if (kinds.length === 0) return { settings: 'none' };
    const where = chainSuffix === '' ? '' : `, chains with the suffix -${chainSuffix}`;
    return { settings: `${kinds.join(', ')}${where}, looked at every ${trafficResyncSeconds} s` };
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

  watch(network, ask) {
    const { own, options, concerns, commands, stateDirectory } = network;
    const watch = new TrafficWatch({
      rules: () => rulesOf(network),
      ranges: forwardedRanges(commands.facts.network, own, options.traffic),
      resyncMs: options.trafficResyncSeconds * 1000,
      stateDirectory,
      concerns,
      ask,
    });
    watch.start();
    return () => watch.stop();
  },

  async down({ emit }, memory) {
    const { isWanted, chainSuffix } = readTrafficMemory(memory);
    const left: string[] = [];
    const warn = warnBy(emit);
    if (isWanted)
      await removeRules(chainSuffix, (message) => {
        left.push(message);
        warn(message);
      });
    if (left.length === 0) return gone;
    return { kind: 'left', what: 'object', because: left.join(', and '), failure: 'prerequisite' };
  },

  // The rules are gone with the network namespace.
  forget: () => Promise.resolve(),
};

function rulesOf({ commands, own, options }: LiveNetwork): NetworkRules {
  return rulesOfNetwork(commands.facts.network, own, options.traffic, options.chainSuffix);
}

/** The rules of a node with these subnets. */
export function rulesOfNetwork(
  network: NetworkConfiguration,
  own: LeaseSubnets,
  traffic: TrafficWishes,
  chainSuffix: ChainSuffix,
): NetworkRules {
  const rules = mapFamilies(own, (subnet, family) => {
    const range = network[family];
    return range && listTrafficRules(range.network, subnet, traffic);
  });
  return { rules, enableNftables: network.enableNftables, chainSuffix };
}

/** The ranges whose forwarded packets the rules accept: each network of the node, and its own subnet there. */
function forwardedRanges(
  network: NetworkConfiguration,
  own: LeaseSubnets,
  { forward }: TrafficWishes,
): readonly ForwardedRange[] {
  if (!forward) return [];
  return presentValues(
    mapFamilies(own, (subnet, family) => {
      const range = network[family];
      return range && { network: range.network, own: subnet };
    }),
  );
}

/** The rules of a network, by its deployment file: whether there are any, and the suffix of their chains. */
export function readTrafficMemory(memory: Json | undefined): {
  readonly isWanted: boolean;
  readonly chainSuffix: ChainSuffix;
} {
  const found = memory as { readonly isWanted?: unknown; readonly chainSuffix?: unknown } | null | undefined;
  const suffix = found?.chainSuffix;
  return {
    isWanted: found?.isWanted !== false,
    chainSuffix: typeof suffix === 'string' && isChainSuffix(suffix) ? suffix : '',
  };
}

function warnBy(emit: EmitEvent): (message: string) => void {
  return (message) => emit({ event: 'warning', message });
}

function explainTrouble(error: unknown): PartTrouble {
  if (!(error instanceof Failure) && !(error instanceof ProgramError)) throw error;
  const hint = error instanceof Failure && error.hint !== undefined ? `    ${error.hint}` : '';
  return { because: explainError(error), detail: hint };
}
