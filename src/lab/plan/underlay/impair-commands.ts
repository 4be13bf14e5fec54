import { everyPacket, type Impairment } from './impairment.ts';

/** The table of nftables, in the lab's own network namespace, that loses packets. */
export const lossTable = 'heddle-loss';

/** A link as the lab's own network namespace knows it. */
interface ImpairedLink {
  /** The device in the lab's own network namespace. */
  readonly port: string;
  readonly impairment: Impairment;
}

/** The smallest burst of a limited rate, in bytes: a segment that the kernel did not split yet. */
const leastBurst = 65_536;

/**
 * The input of `nft -f -` that replaces the rules of all links. A link loses packets where it enters the lab's own namespace, one way, and
 * where it leaves it, the other way.
 */
export function lossRules(links: readonly ImpairedLink[]): string {
  const chains = links.flatMap(({ port, impairment: { loss = 0 } }) =>
    loss === 0 ? [] : [lossChain('from', 'ingress', port, loss), lossChain('to', 'egress', port, loss)],
  );
  return [
    `table netdev ${lossTable}`,
    `delete table netdev ${lossTable}`,
    ...(chains.length === 0 ? [] : [`table netdev ${lossTable} {`, ...chains, '}']),
    '',
  ].join('\n');
}

function lossChain(way: 'from' | 'to', hook: 'ingress' | 'egress', port: string, loss: number): string {
  const chance = loss >= everyPacket ? '' : `numgen random mod ${everyPacket} < ${loss} `;
  return `chain ${way}-${port.replaceAll('.', '_')} { type filter hook ${hook} device "${port}" priority 0; policy accept; ${chance}counter drop; }`;
}

/** Lines for `tc -batch` that replace the queue of a device at one end of a link. netem comes first, because its queue can hold another. */
export function queueCommands(device: string, { rate, delay }: Impairment): readonly string[] {
  const netem = delay === undefined || delay === 0 ? undefined : `netem delay ${delay}ms limit 100000`;
  const tbf =
    rate === undefined
      ? undefined
      : `tbf rate ${rate}bit burst ${Math.max(leastBurst, Math.ceil(rate / 800))} latency 100ms`;
  const reset = `qdisc replace dev ${device} root noqueue`;
  if (netem === undefined && tbf === undefined) return [reset];
  return [
    reset,
    `qdisc replace dev ${device} root handle 1: ${netem ?? tbf}`,
    ...(netem !== undefined && tbf !== undefined
      ? [`qdisc replace dev ${device} parent 1: handle 10: ${tbf}`]
      : []),
  ];
}

/** Whether a link needs a queue of its own. */
export function needsQueue({ rate, delay }: Impairment): boolean {
  return rate !== undefined || (delay !== undefined && delay > 0);
}

/** A part of the kernel that a limit of a link needs. */
export interface KernelNeed {
  /** The name of the part, with the name of its module. */
  readonly what: string;
  readonly module: string;
  /** The limit that needs it: `the delay of node1:eth0`. */
  readonly because: string;
  /** A command that works in an empty network namespace if the kernel has the part. */
  readonly probe: string;
  readonly programs: readonly string[];
}

/** The parts of the kernel that these links need, each once. */
export function kernelNeeds(
  links: readonly { readonly name: string; readonly impairment: Impairment }[],
): readonly KernelNeed[] {
  const first = (has: (impairment: Impairment) => boolean): string | undefined =>
    links.find(({ impairment }) => has(impairment))?.name;
  const delayed = first(({ delay = 0 }) => delay > 0);
  const limited = first(({ rate }) => rate !== undefined);
  const lossy = first(({ loss = 0 }) => loss > 0);
  return [
    ...(delayed === undefined
      ? []
      : [
          {
            what: 'netem',
            module: 'sch_netem',
            because: `the delay of ${delayed}`,
            probe: 'tc qdisc add dev lo root netem delay 1ms',
            programs: ['tc'],
          },
        ]),
    ...(limited === undefined
      ? []
      : [
          {
            what: 'tbf',
            module: 'sch_tbf',
            because: `the rate of ${limited}`,
            probe: 'tc qdisc add dev lo root tbf rate 1mbit burst 16kb latency 50ms',
            programs: ['tc'],
          },
        ]),
    ...(lossy === undefined
      ? []
      : [
          {
            what: 'nftables with numgen and egress hooks',
            module: 'nft_numgen',
            because: `the loss of ${lossy}`,
            probe: `nft 'table netdev probe { chain egress { type filter hook egress device "lo" priority 0; numgen random mod 2 < 1 drop; }; }'`,
            programs: ['nft'],
          },
        ]),
  ];
}
