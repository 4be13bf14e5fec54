import type { Word } from '../sh/syntax-tree.ts';
import type { Call } from '../sh/read-script.ts';
import { literalOf } from '../sh/words.ts';

/** A call of `ip` or `bridge`, its abbreviations spelt out: `ip r a` is a `route` and an `add`. */
interface KernelCall {
  readonly object: KernelObject;
  readonly action: string;
  /** The word that names the action. */
  readonly actionWord: Word;
  readonly operands: readonly Word[];
}

/** In iproute2's own order: of several that an abbreviation could mean, the first is meant. */
const ipObjects = [
  'address',
  'route',
  'rule',
  'neighbour',
  'neighbor',
  'link',
  'tunnel',
  'tuntap',
  'netns',
] as const;
export type KernelObject = Exclude<(typeof ipObjects)[number], 'neighbor'> | 'fdb';

const actions = ['add', 'append', 'replace', 'change', 'set', 'delete', 'flush', 'show', 'list', 'get'];
/** Options of `ip` that take an argument. */
const optionsWithArgument: ReadonlySet<string> = new Set([
  '-n',
  '-netns',
  '-f',
  '-family',
  '-l',
  '-loops',
  '-rc',
  '-rcvbuf',
]);

/** Reads a call of `ip` or `bridge`; undefined for any other, and where object or action are expanded. */
export function readKernelCall(call: Call): KernelCall | undefined {
  if (call.name !== 'ip' && call.name !== 'bridge') return undefined;
  const words = passOptions(call.arguments);
  const [objectWord, actionWord, ...operands] = words;
  const object = readObject(call.name, literalOf(objectWord) ?? '');
  const given = literalOf(actionWord) ?? '';
  const action = given === '' ? undefined : actions.find((each) => each.startsWith(given));
  if (object === undefined || action === undefined || actionWord === undefined) return undefined;
  return { object, action, actionWord, operands };
}

function readObject(program: string, text: string): KernelObject | undefined {
  if (text === '') return undefined;
  if (program === 'bridge') return 'fdb'.startsWith(text) ? 'fdb' : undefined;
  const object = ipObjects.find((each) => each.startsWith(text));
  return object === 'neighbor' ? 'neighbour' : object;
}

/** Leaves out options, and an option that is a variable: `ip "$family" route add`. */
function passOptions(words: readonly Word[]): readonly Word[] {
  let at = 0;
  for (let word = words[at]; word !== undefined; word = words[at]) {
    const text = literalOf(word);
    if (text !== undefined && !text.startsWith('-')) break;
    at += optionsWithArgument.has(text ?? '') ? 2 : 1;
  }
  return words.slice(at);
}

/** The value that follows a keyword: `vxlan` after `type`. */
export function operandAfter(operands: readonly Word[], keyword: string): Word | undefined {
  const at = operands.findIndex((word) => literalOf(word) === keyword);
  return at === -1 ? undefined : operands[at + 1];
}
