import type { Findings } from '../../diagnostic/findings.ts';
import { encapsulationOf } from '../../network/encapsulation.ts';
import { presentValues, type PerFamily } from '../../network/per-family.ts';
import type { RecipeOutline } from '../outline.ts';
import type { Call } from '../sh/read-script.ts';
import { literalOf } from '../sh/words.ts';
import type { Span } from '../../diagnostic/source.ts';
import type { CommandScript } from './command-script.ts';
import { operandAfter, readKernelCall } from './kernel-calls.ts';

interface Device {
  readonly kind: string;
  readonly span: Span;
  /** Undefined where only a program knows. */
  readonly overhead: PerFamily<number> | undefined;
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
      return [{ kind: 'wireguard-go', span: call.nameSpan, overhead: encapsulationOf('wireguard') }];
    }
    if (isTunnelProgram(call)) return [{ kind: 'a tunnel', span: call.nameSpan, overhead: undefined }];
    const made = readKernelCall(call);
    if (made?.action !== 'add') return [];
    if (made.object === 'tuntap')
      return [{ kind: 'a tunnel', span: made.actionWord.span, overhead: undefined }];
    const word = operandAfter(made.operands, made.object === 'tunnel' ? 'mode' : 'type');
    const kind = literalOf(word) ?? '';
    const overhead = encapsulationOf(kind);
    return word === undefined || overhead === undefined ? [] : [{ kind, span: word.span, overhead }];
  });
}

/** Programs that carry packets in packets of their own. */
const tunnelPrograms: ReadonlySet<string> = new Set([
  'openvpn',
  'tincd',
  'vtund',
  'boringtun',
  'boringtun-cli',
]);

function isTunnelProgram({ name, arguments: words }: Call): boolean {
  if (name === undefined) return false;
  if (name !== 'socat') return tunnelPrograms.has(name);
  // The address may hold variables: `TUN:$SUBNET,up`.
  return words.some(({ parts }) => parts[0]?.kind === 'literal' && /^tun\b/i.test(parts[0].text));
}

function describeOverhead({ overhead }: Device): string {
  if (overhead === undefined)
    return 'add `"Overhead"` to `Backend`: the number of bytes that its program adds to a packet';
  const [bytes, overIpv6] = presentValues(overhead);
  const v6Case = overIpv6 === undefined ? '' : `, or ${overIpv6} if nodes reach each other over IPv6`;
  return `add \`"Overhead": ${bytes}\` to \`Backend\`${v6Case}; commands then find the overlay’s MTU in \`$MTU\``;
}

function reportFixedMtu(script: CommandScript, call: Call, findings: Findings): void {
  const made = readKernelCall(call);
  if (made?.object !== 'link' || (made.action !== 'add' && made.action !== 'set')) return;
  const value = operandAfter(made.operands, 'mtu');
  if (value === undefined || !/^\d+$/.test(literalOf(value) ?? '')) return;
  const message = `the fixed MTU ${literalOf(value) ?? ''} fits only one MTU of the interface`;
  findings.warning('fixed-mtu', script.placeOf(value.span), message, 'write `mtu \\"$MTU\\"`');
}
