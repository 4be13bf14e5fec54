import { passIptables, readIptables } from '../firewall/iptables-rules.ts';
import { chainsAt, passNft, readNft } from '../firewall/nft-rules.ts';
import type { ArrivingPacket } from '../firewall/packet.ts';
import type { Fate } from '../firewall/walk-chains.ts';
import type { NetworkFacts, Rules } from '../facts.ts';
import { fine, unclear, warning, type Judgement } from '../finding.ts';

/** Judges whether the firewall lets the packets of peers reach the overlay's UDP port. */
export function judgeFirewall({ rules, packets }: NetworkFacts): readonly Judgement[] {
  const ports = [...new Set(packets.map(({ port }) => port))];
  if (ports.length === 0) return [fine('the recipe does not name a UDP port')];
  if (rules.unreadable !== undefined)
    return [unclear(`the firewall's rules cannot be read: ${rules.unreadable}`)];
  return ports.map((port) => judgePort(port, packets, rules));
}

function judgePort(port: number, packets: readonly ArrivingPacket[], rules: Rules): Judgement {
  const ends = packets.filter((packet) => packet.port === port).flatMap((packet) => follow(packet, rules));
  const dropped = ends.find(({ fate }) => fate === 'drop');
  if (dropped !== undefined) {
    return warning(`${dropped.where} drops the packets of peers to UDP port ${port}`, {
      advice: 'let them pass, and keep the rule where the firewall is configured',
      command: dropped.command,
    });
  }
  const unsure = ends.find(({ fate }) => fate === 'maybe');
  if (unsure !== undefined) {
    return unclear(
      `whether ${unsure.where} lets packets to UDP port ${port} pass depends on rules that doctor does not follow`,
    );
  }
  return fine(`the firewall lets packets to UDP port ${port} pass`);
}

/** The fate of a packet in a part of the firewall. */
interface End {
  readonly fate: Fate;
  /** The part, as a noun. */
  readonly where: string;
  /** The command that makes the part accept the packet. */
  readonly command: string;
}

function follow(packet: ArrivingPacket, { iptables, nft }: Rules): readonly End[] {
  const { port, family } = packet;
  const ofIptables = iptables
    .filter((each) => each.family === family)
    .map(({ program, text }) => {
      const tool = program.replace(/-save$/, '');
      const fate = passIptables(readIptables(text), 'INPUT', packet);
      return {
        fate,
        where: `the chain INPUT of ${tool}`,
        command: `${tool} -I INPUT -p udp --dport ${port} -j ACCEPT`,
      };
    });
  const chains = nft === undefined ? [] : readNft(nft);
  const ofNft = chainsAt(chains, 'input', family).map((chain) => {
    const name = `${chain.family} ${chain.table} ${chain.name}`;
    const where = `the chain ${chain.name} of the nftables table ${chain.family} ${chain.table}`;
    return {
      fate: passNft(chains, chain, packet),
      where,
      command: `nft insert rule ${name} udp dport ${port} accept`,
    };
  });
  return [...ofIptables, ...ofNft];
}
