import type { Findings } from '../../diagnostic/findings.ts';
import type { Span } from '../../diagnostic/source.ts';
import type { RecipeOutline } from '../outline.ts';
import type { Call } from '../sh/read-script.ts';
import type { Word } from '../sh/syntax-tree.ts';
import { literalOf } from '../sh/words.ts';
import { isGuarded, literalArguments, type CommandScript } from './command-script.ts';
import { readKernelCall, type KernelObject } from './kernel-calls.ts';

/** Something that does not go as well a second time. */
interface Unrepeatable {
  /** The created object. A removal of the same object before it makes the call repeatable. */
  readonly thing: string;
  readonly operands: readonly Word[];
  /** The end of the stretch to underline, which begins at the command's name. */
  readonly until: Word | undefined;
  /** Completes a sentence that begins with the command. */
  readonly consequence: string;
  readonly hint: string;
}

const failsIfThere = 'fails if what it creates already exists';

const kernelForms: Readonly<Record<KernelObject, Pick<Unrepeatable, 'consequence' | 'hint'>>> = {
  route: { consequence: failsIfThere, hint: 'write `ip route replace`' },
  address: { consequence: failsIfThere, hint: 'write `ip address replace`' },
  neighbour: { consequence: failsIfThere, hint: 'write `ip neigh replace`' },
  fdb: { consequence: failsIfThere, hint: 'write `bridge fdb replace`' },
  link: {
    consequence: failsIfThere,
    hint: 'check first: `ip link show dev NAME >/dev/null 2>&1 || ip link add …`',
  },
  tunnel: {
    consequence: failsIfThere,
    hint: 'check first: `ip link show dev NAME >/dev/null 2>&1 || ip tunnel add …`',
  },
  tuntap: {
    consequence: failsIfThere,
    hint: 'check first: `ip link show dev NAME >/dev/null 2>&1 || ip tuntap add …`',
  },
  netns: { consequence: failsIfThere, hint: 'check first: `[ -e /run/netns/NAME ] || ip netns add NAME`' },
  rule: {
    consequence: 'adds a second rule, or fails, if the rule already exists',
    hint: 'delete it first: `ip rule delete … 2>/dev/null || true`',
  },
};

/** Reports what makes something without regard to whether it is there, as it is after a restart or a retry. */
export function checkRepeatable(
  { commandKeys }: RecipeOutline,
  scripts: readonly CommandScript[],
  findings: Findings,
): void {
  const preStartup = scripts.find(({ command }) => command.name === 'PreStartupCommand');
  for (const script of scripts) {
    const isSecond = script.command.name === 'PostStartupCommand';
    // What could not be read may have taken away what is made here.
    if (isSecond && preStartup === undefined && commandKeys.PreStartupCommand !== undefined) continue;
    const earlier = isSecond ? (preStartup?.calls ?? []) : [];
    for (const [index, call] of script.calls.entries()) {
      const made = readUnrepeatable(call);
      if (made === undefined || isGuarded(script, call) || isSilenced(script, call)) continue;
      if ([...earlier, ...script.calls.slice(0, index)].some((each) => removes(each, made))) continue;
      const stretch = reach(call.nameSpan, made.until);
      const form = script.text.slice(stretch.offset, stretch.offset + stretch.length).replaceAll(/\s+/g, ' ');
      findings.warning(
        'not-repeatable',
        script.placeOf(stretch),
        `\`${form}\` ${made.consequence}`,
        made.hint,
      );
    }
  }
}

function readUnrepeatable(call: Call): Unrepeatable | undefined {
  const made = readKernelCall(call);
  if (made?.action === 'add') {
    const { object, operands, actionWord } = made;
    return { thing: object, operands, until: actionWord, ...kernelForms[object] };
  }
  const words = literalArguments(call);
  const option = (pattern: RegExp) => words.findIndex((word) => word !== undefined && pattern.test(word));
  if (call.name === 'arp' && option(/^(-s|--set)$/) !== -1) {
    const consequence = 'overwrites an existing entry, and may guess the device';
    const hint = 'write `ip neigh replace ADDRESS lladdr MAC dev DEVICE nud permanent`';
    const until = call.arguments[option(/^(-s|--set)$/)];
    return { thing: 'neighbour', operands: call.arguments, until, consequence, hint };
  }
  const append = option(/^(-A|-I|--append|--insert)$/);
  if ((call.name === 'iptables' || call.name === 'ip6tables') && append !== -1) {
    const consequence = 'adds a second rule if the rule already exists';
    const hint = `check first: \`${call.name} -C … || ${call.name} -A …\``;
    return { thing: 'firewall rule', operands: [], until: call.arguments[append], consequence, hint };
  }
  if (call.name === 'mkdir' && option(/^(-[a-zA-Z]*p|--parents)/) === -1) {
    return {
      thing: 'file',
      operands: call.arguments,
      until: undefined,
      consequence: failsIfThere,
      hint: 'write `mkdir -p`',
    };
  }
  return undefined;
}

/** Words that say what the next one is, and so tell nothing of what is meant. */
const keywords: ReadonlySet<string> = new Set([
  'dev',
  'name',
  'via',
  'to',
  'from',
  'type',
  'dst',
  'self',
  'table',
  'local',
]);

/** Whether a call removes what another makes: with the device, everything on it. */
function removes(call: Call, made: Unrepeatable): boolean {
  const removed = readRemoval(call);
  if (removed === undefined || (removed.thing !== made.thing && removed.thing !== 'link')) return false;
  if (removed.thing === 'firewall rule') return true;
  const names = new Set(removed.operands.map(nameOf).filter((name) => !keywords.has(name)));
  return made.operands.some((word) => names.has(nameOf(word)));
}

function readRemoval(call: Call): Pick<Unrepeatable, 'thing' | 'operands'> | undefined {
  const kernelCall = readKernelCall(call);
  if (kernelCall?.action === 'delete' || kernelCall?.action === 'flush') {
    return { thing: kernelCall.object, operands: kernelCall.operands };
  }
  if (call.name === 'rm' || call.name === 'rmdir') return { thing: 'file', operands: call.arguments };
  const isFirewall = call.name === 'iptables' || call.name === 'ip6tables';
  const removes = literalArguments(call).some((word) => /^(-D|-F|-X|--delete|--flush)$/.test(word ?? ''));
  return isFirewall && removes ? { thing: 'firewall rule', operands: [] } : undefined;
}

/** The text of a word, with or without quotes. */
function nameOf({ parts }: Word): string {
  const texts = parts.map((part) => {
    if (part.kind === 'literal') return part.text;
    return part.kind === 'parameter' && part.operator === undefined ? `\${${part.name}}` : '\0';
  });
  return texts.join('');
}

/** A string continues after a failure. A call whose message is discarded is expected to fail. */
function isSilenced({ command }: CommandScript, { node }: Call): boolean {
  if (command.form !== 'string') return false;
  return node.redirections.some(
    ({ descriptor, operator, target }) =>
      (descriptor === 2 || operator.startsWith('&>')) && literalOf(target) === '/dev/null',
  );
}

function reach(from: Span, until: Word | undefined): Span {
  const end = until === undefined ? from : until.span;
  return { offset: from.offset, length: end.offset + end.length - from.offset };
}
