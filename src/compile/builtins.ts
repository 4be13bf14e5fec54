import type { Span } from '../diagnostic/source.ts';
import { parseInteger } from './text/arithmetic.ts';
import type { Status } from './call.ts';
import type { Leaving } from './frames.ts';
import { refuseSplit } from './text/blanks.ts';
import { formatText } from './text/format-text.ts';
import { NotUnderstood } from './text/not-understood.ts';
import { readFields } from './text/read-fields.ts';
import type { ShellState } from './shell-state.ts';
import type { Input, Inputs } from './streams.ts';
import { evaluateTest } from './text/test-expression.ts';

/** The input and the surroundings of a builtin. */
export interface BuiltinCall {
  readonly words: readonly string[];
  readonly state: ShellState;
  readonly input: Input;
  readonly inputs: Inputs;
  readonly print: (text: string) => void;
  readonly span: Span;
}

type Builtin<End = Status> = (call: BuiltinCall) => End;

/** Builtins that a shell runs as it does any command. */
export const regularBuiltins: Readonly<Record<string, Builtin>> = {
  true: () => 0,
  false: () => 1,
  echo: ({ words, print, span }) => {
    if (words[0]?.startsWith('-') === true || words.some((word) => word.includes('\\'))) {
      throw new NotUnderstood(span, 'shells differ in what echo makes of a leading dash or a backslash');
    }
    print(`${words.join(' ')}\n`);
    return 0;
  },
  printf: ({ words: [format, ...values], print, span }) => {
    if (format === undefined || format.startsWith('-'))
      throw new NotUnderstood(span, 'printf does not have a format');
    print(formatText(format, values, span));
    return 0;
  },
  test: ({ words, span }) => (evaluateTest(words, span) ? 0 : 1),
  '[': ({ words, span }) => {
    if (words.at(-1) !== ']') throw new NotUnderstood(span, '`[` does not have its `]`');
    return evaluateTest(words.slice(0, -1), span) ? 0 : 1;
  },
  read: readVariables,
};

/** Builtins of which POSIX says that an assignment before them stays. */
export const specialBuiltins: Readonly<Record<string, Builtin<Status | Leaving>>> = {
  ':': () => 0,
  break: (call) => jump('break', call),
  continue: (call) => jump('continue', call),
  exit: ({ words, state, span }) => ({
    kind: 'exit',
    status: readStatus(words, state, span),
    byFailure: false,
  }),
  return: ({ words, state, span }) => {
    if (state.functionDepth === 0)
      throw new NotUnderstood(span, 'shells differ in what `return` does outside of a function');
    return { kind: 'return', status: readStatus(words, state, span), span };
  },
  set: setOptions,
  shift: ({ words, state, span }) => {
    const count = words.length === 0 ? 1 : Number(parseInteger(words[0] ?? '') ?? -1n);
    if (words.length > 1 || count < 0 || count > state.parameters.length) {
      throw new NotUnderstood(span, 'there are fewer parameters than `shift` takes away');
    }
    state.parameters = state.parameters.slice(count);
    return 0;
  },
  unset: ({ words, state, span }) => {
    const names = words[0] === '-v' ? words.slice(1) : words;
    for (const name of names) {
      if (!isName(name) || name === 'IFS')
        throw new NotUnderstood(span, 'this use of `unset` is not evaluated');
      if (words[0] !== '-v' && state.functions.has(name))
        throw new NotUnderstood(span, `${name} is a function`);
      if (state.functionDepth > 0)
        throw new NotUnderstood(span, 'shells differ in what `unset` does in a function');
      state.variables = state.variables.with(name, undefined, span);
    }
    return 0;
  },
};

function isName(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text);
}

function jump(kind: 'break' | 'continue', { words, state, span }: BuiltinCall): Leaving {
  const levels = words.length === 0 ? 1 : Number(parseInteger(words[0] ?? '') ?? 0n);
  if (words.length > 1 || levels < 1 || levels > state.loopDepth) {
    throw new NotUnderstood(span, `shells differ in what \`${kind}\` does with fewer loops around it`);
  }
  return { kind, levels };
}

function readStatus(words: readonly string[], state: ShellState, span: Span): Status {
  if (words.length === 0) {
    if (state.lastStatus === 'unclear')
      throw new NotUnderstood(span, 'shells differ in whether a command substitution changes the status');
    return state.lastStatus;
  }
  const status = Number(parseInteger(words[0] ?? '') ?? -1n);
  if (words.length > 1 || status < 0 || status > 255)
    throw new NotUnderstood(span, 'this is not a status from 0 to 255');
  return status;
}

function setOptions({ words, state, span }: BuiltinCall): Status {
  let at = 0;
  for (; at < words.length && words[at] !== '--'; at += 1) {
    const [, sign, letters = ''] = /^([-+])([eu]+)$/.exec(words[at] ?? '') ?? [];
    if (sign === undefined)
      throw new NotUnderstood(span, '`set` changes more than -e, -u and the parameters');
    if (letters.includes('e')) state.exitsOnFailure = sign === '-';
    if (letters.includes('u')) state.refusesUnset = sign === '-';
  }
  if (words.length === 0) throw new NotUnderstood(span, '`set` prints every variable');
  if (words[at] === '--') state.parameters = words.slice(at + 1);
  return 0;
}

function readVariables({ words, state, input, inputs, span }: BuiltinCall): Status {
  const isRaw = words[0] === '-r';
  const names = isRaw ? words.slice(1) : words;
  if (names.length === 0 || !names.every(isName))
    throw new NotUnderstood(span, 'this use of `read` is not evaluated');
  const { line, ended } = inputs.readLine(input, span);
  if (!isRaw && line.includes('\\')) throw new NotUnderstood(span, '`read` without -r meets a backslash');
  const separators = state.variables.read('IFS', span) ?? ' \t\n';
  refuseSplit(span, line, separators);
  for (const [index, value] of readFields(line, separators, names.length).entries()) {
    state.variables = state.variables.with(names[index] ?? '', value, span);
  }
  return ended ? 1 : 0;
}
