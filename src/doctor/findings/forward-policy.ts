import { readIptables } from '../firewall/iptables-rules.ts';
import { chainsAt, readNft, type NftChain } from '../firewall/nft-rules.ts';
import type { NetworkFacts } from '../facts.ts';
import { fine, unclear, warning, type Judgement } from '../finding.ts';

/** Judges whether the firewall's rule for all other packets drops those that the node forwards for its pods. */
export function judgeForwardPolicy({ rules, traffic, networks }: NetworkFacts): readonly Judgement[] {
  if (rules.unreadable !== undefined)
    return [unclear(`the firewall's rules cannot be read: ${rules.unreadable}`)];
  const ofIptables = rules.iptables.filter(({ family, text }) => {
    const network = networks[family === 4 ? 'ipv4' : 'ipv6'];
    if (network === undefined) return false;
    const { policies, chains } = readIptables(text);
    // A rule may stand in a chain of its own, such as those of heddle and of flannel.
    const accepts = [...chains.values()]
      .flat()
      .some((words) => words.includes(network) && words.includes('ACCEPT'));
    return policies.get('FORWARD') === 'DROP' && !accepts;
  });
  const isAccepted = traffic.forward && traffic.tool === 'iptables';
  const verdicts = [
    ...(isAccepted
      ? []
      : ofIptables.map(({ family, program }) => describeIptables(family, program, networks))),
    ...findDroppingChains(rules.nft, networks).map(([chain, network]) => describeChain(chain, network)),
  ];
  if (verdicts.length > 0) return verdicts;
  return [
    fine(
      ofIptables.length > 0
        ? 'the policy of FORWARD is DROP, and heddle up adds rules that accept the network'
        : 'the firewall does not drop forwarded packets by its policy',
    ),
  ];
}

function describeIptables(family: 4 | 6, program: string, networks: NetworkFacts['networks']): Judgement {
  const tool = program.replace(/-save$/, '');
  const network = networks[family === 4 ? 'ipv4' : 'ipv6'] ?? '';
  return warning(`the policy of FORWARD in ${tool} is DROP, and nothing accepts the packets of ${network}`, {
    advice: 'accept them; in iptables mode heddle up does so unless --iptables-forward-rules is false',
    command: `${tool} -I FORWARD -s ${network} -j ACCEPT && ${tool} -I FORWARD -d ${network} -j ACCEPT`,
  });
}

function findDroppingChains(
  nft: string | undefined,
  networks: NetworkFacts['networks'],
): readonly (readonly [NftChain, string])[] {
  if (nft === undefined) return [];
  const chains = readNft(nft);
  return ([4, 6] as const).flatMap((family) => {
    const network = networks[family === 4 ? 'ipv4' : 'ipv6'];
    if (network === undefined) return [];
    return chainsAt(chains, 'forward', family)
      .filter(
        ({ policy, rules }) =>
          policy === 'drop' && !JSON.stringify(rules).includes(JSON.stringify(network.split('/')[0])),
      )
      .map((chain) => [chain, network] as const);
  });
}

function describeChain({ family, table, name }: NftChain, network: string): Judgement {
  const protocol = network.includes(':') ? 'ip6' : 'ip';
  const insert = `nft insert rule ${family} ${table} ${name} ${protocol}`;
  return warning(
    `the policy of the chain ${name} in the table ${family} ${table} is drop, and it does not accept the packets of ${network}`,
    {
      advice: "accept them in that chain: a rule in heddle's own chain cannot",
      command: `${insert} saddr ${network} accept && ${insert} daddr ${network} accept`,
    },
  );
}
