import type { Family } from '../../network/cidr.ts';
import type { Rules } from '../facts.ts';
import type { ForwardedPacket } from './forwarded-packets.ts';
import { passIptables, readIptables } from './iptables-rules.ts';
import { chainsAt, passNft, readNft } from './nft-rules.ts';

/** A chain at the forward hook that drops packets of the network. */
export interface Dropper {
  readonly of: 'iptables' | 'nftables';
  /** The chain, as a noun: `the chain forward of the nftables table inet guard` */
  readonly where: string;
  /** The packets, as a phrase: `from 10.50.4.0/24 to 10.50.0.0/16` */
  readonly what: string;
  /** The command that makes the chain accept all packets of a network. */
  readonly acceptance: (network: string) => string;
}

/** Finds the chains at the forward hook that drop one of these packets of a family. A chain whose rules cannot be judged is not among them. */
export function findDroppers(
  { iptables, nft }: Rules,
  family: Family,
  packets: readonly ForwardedPacket[],
): readonly Dropper[] {
  const ofIptables = iptables
    .filter((each) => each.family === family)
    .flatMap(({ program, text }) => {
      const table = readIptables(text);
      const tool = program.replace(/-save$/, '');
      const dropped = packets.find(({ packet }) => passIptables(table, 'FORWARD', packet) === 'drop');
      if (dropped === undefined) return [];
      const insert = `${tool} -I FORWARD`;
      return [
        {
          of: 'iptables' as const,
          where: `the chain FORWARD of ${tool}`,
          what: dropped.what,
          acceptance: (network: string) =>
            `${insert} -s ${network} -j ACCEPT && ${insert} -d ${network} -j ACCEPT`,
        },
      ];
    });
  const chains = nft === undefined ? [] : readNft(nft);
  const ofNft = chainsAt(chains, 'forward', family).flatMap((chain) => {
    const dropped = packets.find(({ packet }) => passNft(chains, chain, packet) === 'drop');
    if (dropped === undefined) return [];
    const insert = `nft insert rule ${chain.family} ${chain.table} ${chain.name} ${family === 4 ? 'ip' : 'ip6'}`;
    return [
      {
        of: 'nftables' as const,
        where: `the chain ${chain.name} of the nftables table ${chain.family} ${chain.table}`,
        what: dropped.what,
        acceptance: (network: string) =>
          `${insert} saddr ${network} accept && ${insert} daddr ${network} accept`,
      },
    ];
  });
  return [...ofIptables, ...ofNft];
}
