import { parseCidr } from '../../network/cidr.ts';
import { presentValues } from '../../network/per-family.ts';
import { findDroppers, type Dropper } from '../firewall/droppers.ts';
import { listForwardedPackets } from '../firewall/forwarded-packets.ts';
import type { NetworkFacts, Rules } from '../facts.ts';
import { fine, unclear, warning, type Judgement } from '../finding.ts';

/** Judges whether the firewall drops packets that the node forwards for its pods, once heddle up has set its own rules. */
export function judgeForwardPolicy(facts: NetworkFacts): readonly Judgement[] {
  const { rules, traffic, networks } = facts;
  if (rules.unreadable !== undefined)
    return [unclear(`the firewall's rules cannot be read: ${rules.unreadable}`)];
  const isAccepted = traffic.forward && traffic.tool === 'iptables';
  const present = presentValues(networks);
  const before = present.flatMap((network) => findAll(facts, rules, network));
  const then = isAccepted
    ? present.flatMap((network) => findAll(facts, withAcceptance(rules, network), network))
    : before;
  if (then.length > 0) return then;
  return [
    fine(
      before.length > 0
        ? 'the chain FORWARD drops packets of the network, and heddle up adds rules that accept them'
        : 'the firewall does not drop forwarded packets of the network',
    ),
  ];
}

/** The rules as heddle up leaves them in iptables: it accepts what the rules before do not decide. */
function withAcceptance(rules: Rules, network: string): Rules {
  const added = `-A FORWARD -s ${network} -j ACCEPT\n-A FORWARD -d ${network} -j ACCEPT`;
  return {
    ...rules,
    iptables: rules.iptables.map((table) => ({ ...table, text: `${table.text}\n${added}\n` })),
  };
}

function findAll({ links }: NetworkFacts, rules: Rules, network: string): readonly Judgement[] {
  const range = parseCidr(network);
  if (range === undefined) return [];
  const devices = { all: links.map(({ name }) => name), ofPods: [] };
  const packets = listForwardedPackets(range, range, devices);
  return findDroppers(rules, range.family, packets).map((dropper) => describe(dropper, network));
}

function describe({ of, where, what, acceptance }: Dropper, network: string): Judgement {
  return warning(`${where} drops packets ${what}`, {
    advice:
      of === 'iptables'
        ? 'accept them; in iptables mode heddle up adds such rules after all others, unless --iptables-forward-rules is false'
        : "accept them in that chain: a rule in heddle's own chain cannot",
    command: acceptance(network),
  });
}
