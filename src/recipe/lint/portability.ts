import type { Span } from '../../diagnostic/source.ts';
import type { Findings } from '../../diagnostic/findings.ts';
import type { Call } from '../sh/read-script.ts';
import { literalOf } from '../sh/words.ts';
import { literalArguments, type CommandScript } from './command-script.ts';

interface Bashism {
  readonly span: Span;
  /** Completes the sentence "… is not POSIX: dash …". */
  readonly form: string;
  readonly consequence: string;
  readonly hint: string;
}

/** `${X//a/b}`, `${X/a/b}`, `${X:1:2}`, `${X^^}`, `${X,,}`, `${X@Q}`. */
const bashOperators = /^(?:\/|\^|,|@|:)$/;

/** Reports what dash, BusyBox and bash treat differently: /bin/sh is one of the three. */
export function checkPortability(scripts: readonly CommandScript[], findings: Findings): void {
  for (const script of scripts) {
    for (const { span, form, consequence, hint } of findBashisms(script)) {
      findings.warning('not-portable', script.placeOf(span), `${form} is not POSIX sh: ${consequence}`, hint);
    }
  }
}

function findBashisms({ calls, expansions, functions, tests }: CommandScript): readonly Bashism[] {
  return [
    ...tests.map((span) => ({
      span: { offset: span.offset, length: 2 },
      form: '`[[`',
      consequence: 'dash does not have it, so the test is always false there',
      hint: 'write `[ … ]` with quoted variables, or `case … in`',
    })),
    ...expansions
      .filter(({ operator = '', name }) => name === '' || bashOperators.test(operator))
      .map(({ span }) => ({
        span,
        form: 'this expansion',
        consequence: 'dash ends with "Bad substitution"',
        hint: 'use `${NAME#…}`, `${NAME%…}`, or a program such as `tr`, `cut` or `sed`',
      })),
    ...calls.flatMap((call) => readCall(call, functions)),
  ];
}

/** Commands that dash does not have, although bash does, with what to write in their place. */
const bashCommands: ReadonlyMap<string, string> = new Map([
  ['source', 'write `. ./FILE`'],
  ['let', 'write `x=$((…))`'],
  ['declare', 'write `NAME=VALUE`; in a function, `local NAME`'],
  ['typeset', 'write `NAME=VALUE`; in a function, `local NAME`'],
  ...['mapfile', 'readarray'].map((name) => [name, 'write `while read -r line; do … done`'] as const),
  ...['pushd', 'popd', 'dirs'].map((name) => [name, 'write `(cd DIRECTORY && …)`'] as const),
  ...['shopt', 'enable', 'builtin', 'caller', 'compgen', 'complete', 'coproc', 'disown'].map(
    (name) => [name, 'leave it out, or do the same with POSIX sh'] as const,
  ),
]);

function readCall(call: Call, functions: ReadonlySet<string>): readonly Bashism[] {
  const { name = '' } = call;
  const hint = bashCommands.get(name);
  if (hint !== undefined && !functions.has(name)) {
    return [{ span: call.nameSpan, form: `\`${name}\``, consequence: 'dash does not have it', hint }];
  }
  if (call.name !== 'set') return [];
  const words = literalArguments(call);
  return call.arguments.flatMap((word, index) =>
    literalOf(word) === 'pipefail' && /^[-+]\w*o$/.test(words[index - 1] ?? '')
      ? [
          {
            span: word.span,
            form: '`set -o pipefail`',
            consequence: 'some versions of dash refuse it and end the command',
            hint: 'leave it out; write the first program’s output to a variable, and check that',
          },
        ]
      : [],
  );
}
