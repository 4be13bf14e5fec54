import { resolve } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import { chooseHint } from '../host/interface/choose-interface.ts';
import { InterfaceLookUp } from '../host/interface/interface.ts';
import type { Candidate, ExplainedChoice } from '../host/interface/explain-choice.ts';
import type { Family } from '../network/cidr.ts';
import { renderTable } from './terminal/table.ts';

/** The address families of the network whose choice is explained. */
export type ExplainedNetwork = 'ipv4' | 'ipv6' | 'dual-stack';

/** The options of `heddle iface explain`, as commander hands them over. */
export interface IfaceFlags {
  readonly iface: readonly string[];
  readonly ifaceRegex?: readonly string[];
  readonly ifaceCanReach?: string;
  readonly publicIp?: string;
  readonly publicIpv6?: string;
  readonly families: ExplainedNetwork;
  readonly stateDir: string;
  readonly json?: true;
}

const familiesOf: Readonly<Record<ExplainedNetwork, readonly Family[]>> = {
  ipv4: [4],
  ipv6: [6],
  'dual-stack': [4, 6],
};

/** The output of `heddle iface explain --json`. */
export interface ExplainedIface {
  /** The interface and the addresses that heddle up would use; null if there is none. */
  readonly chosen: {
    readonly interface: string;
    readonly mtu: number;
    /** This node's own addresses on the interface. */
    readonly address: string | null;
    readonly addressV6: string | null;
    /** The addresses that peers are told. */
    readonly publicIp: string | null;
    readonly publicIpv6: string | null;
    readonly because: string;
  } | null;
  /** Why earlier options led nowhere, in their order. */
  readonly refusals: readonly string[];
  readonly candidates: readonly Candidate[];
}

/** Prints the choice with every candidate. Throws Failure `interface` after that if there is nothing to choose. */
export async function explainIface(flags: IfaceFlags): Promise<void> {
  const { iface, ifaceRegex = [], ifaceCanReach, publicIp, publicIpv6 } = flags;
  const wishes = { iface, ifaceRegex, ifaceCanReach, publicIp, publicIpv6 };
  const lookUp = new InterfaceLookUp(wishes, resolve(flags.stateDir));
  const explained = await lookUp.explain(familiesOf[flags.families]);
  process.stdout.write(flags.json === true ? `${JSON.stringify(describe(explained))}\n` : render(explained));
  const { choice } = explained;
  if (choice.kind === 'chosen') return;
  throw new Failure('interface', `no usable interface was found: ${choice.refusals.join('; ')}`, {
    hint: chooseHint(await lookUp.links()),
  });
}

function describe({ choice, candidates }: ExplainedChoice): ExplainedIface {
  const { refusals } = choice;
  if (choice.kind === 'none') return { chosen: null, refusals, candidates };
  const { name, mtu, addresses, publicIp, publicIpv6, because } = choice.chosen;
  const chosen = {
    interface: name,
    mtu,
    address: addresses.ipv4 ?? null,
    addressV6: addresses.ipv6 ?? null,
    publicIp: publicIp ?? null,
    publicIpv6: publicIpv6 ?? null,
    because,
  };
  return { chosen, refusals, candidates };
}

function render(explained: ExplainedChoice): string {
  const { chosen, refusals, candidates } = describe(explained);
  const rows = candidates.map((candidate) => [
    candidate.interface,
    candidate.address ?? '-',
    candidate.isTaken ? 'taken' : 'passed over',
    candidate.because,
  ]);
  const table = renderTable(['INTERFACE', 'ADDRESS', 'VERDICT', 'BECAUSE'], rows);
  if (chosen === null) return table;
  const told = [chosen.publicIp, chosen.publicIpv6].filter((address) => address !== null).join(' and ');
  const passed = refusals.map((refusal) => `Passed over: ${refusal}.\n`).join('');
  return `${table}\n${passed}Peers reach this node at ${told}, on ${chosen.interface} (MTU ${chosen.mtu}).\n`;
}
