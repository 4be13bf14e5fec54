import type { Findings } from '../../diagnostic/findings.ts';
import type { RecipeOutline } from '../outline.ts';
import type { Call } from '../sh/read-script.ts';
import { literalOf } from '../sh/words.ts';
import type { Span } from '../../diagnostic/source.ts';
import type { CommandScript } from './command-script.ts';
import { operandAfter, readKernelCall } from './kernel-calls.ts';

/** Bytes that each kind of device puts around a packet: over IPv4, and over IPv6 where it can be. */
const overheads: Readonly<Record<string, readonly [number, number] | undefined>> = {
  vxlan: [50, 70],
  geneve: [50, 70],
  wireguard: [60, 80],
  gre: [24, 24],
  gretap: [38, 38],
  ipip: [20, 20],
  sit: [20, 20],
  ip6tnl: [40, 40],
  ip6gre: [44, 44],
  ip6gretap: [58, 58],
};

interface Device {
  readonly kind: string;
  readonly span: Span;
  readonly overhead: readonly [number, number] | undefined;
}

/** Reports what keeps the overlay's MTU from following the underlay's. */
export function checkEncapsulation(
  { saysOverhead }: RecipeOutline,
  scripts: readonly CommandScript[],
  findings: Findings,
): void {
  if (!saysOverhead) {
    const [device] = scripts.flatMap((script) => findDevices(script).map((each) => ({ script, ...each })));
    if (device !== undefined) {
      const message = `${device.kind} adds bytes to each packet, but \`Overhead\` does not say how many`;
      findings.warning(
        'missing-overhead',
        device.script.placeOf(device.span),
        message,
        describeOverhead(device),
      );
    }
  }
  for (const script of scripts) for (const call of script.calls) reportFixedMtu(script, call, findings);
}

function findDevices({ calls }: CommandScript): readonly Device[] {
  return calls.flatMap((call) => {
    if (call.name === 'wireguard-go') {
      return [{ kind: 'wireguard-go', span: call.nameSpan, overhead: overheads['wireguard'] }];
    }
    const made = readKernelCall(call);
    if (made?.action !== 'add') return [];
    if (made.object === 'tuntap')
      return [{ kind: 'a tunnel', span: made.actionWord.span, overhead: undefined }];
    const word = operandAfter(made.operands, made.object === 'tunnel' ? 'mode' : 'type');
    const kind = literalOf(word) ?? '';
    const overhead = Object.hasOwn(overheads, kind) ? overheads[kind] : undefined;
    return word === undefined || overhead === undefined ? [] : [{ kind, span: word.span, overhead }];
  });
}

function describeOverhead({ overhead }: Device): string {
  if (overhead === undefined)
    return 'add `"Overhead"` to `Backend`: the number of bytes that its program adds to a packet';
  const [v4, v6] = overhead;
  const v6Case = v4 === v6 ? '' : `, or ${v6} if nodes reach each other over IPv6`;
  return `add \`"Overhead": ${v4}\` to \`Backend\`${v6Case}; commands then find the overlay’s MTU in \`$MTU\``;
}

function reportFixedMtu(script: CommandScript, call: Call, findings: Findings): void {
  const made = readKernelCall(call);
  if (made?.object !== 'link' || (made.action !== 'add' && made.action !== 'set')) return;
  const value = operandAfter(made.operands, 'mtu');
  if (value === undefined || !/^\d+$/.test(literalOf(value) ?? '')) return;
  const message = `the fixed MTU ${literalOf(value) ?? ''} fits only one MTU of the interface`;
  findings.warning('fixed-mtu', script.placeOf(value.span), message, 'write `mtu \\"$MTU\\"`');
}
