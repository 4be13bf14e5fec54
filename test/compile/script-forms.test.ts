import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileScript, type Compilation } from '../../src/compile/follow-script.ts';
import { ScriptForms } from '../../src/compile/script-forms.ts';
import { parseScript } from '../../src/recipe/sh/parse-script.ts';
import { importMutant, type SourceMutant } from '../support/source-mutant.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { runCompiled } from './compiled-run.ts';
import { scriptCase, type ScriptCase } from './random-script.ts';
import { peerCase, recipeCommands } from './recipe-commands.ts';
import { randomPrograms, type RunRecord } from './recorded-run.ts';

/** More cases: `FORM_CASES=100000 node --import tsx --test test/compile/script-forms.test.ts`. */
const numRuns = Number(process.env['FORM_CASES'] ?? 3000);
const seed = Number(process.env['FORM_SEED'] ?? 1);

interface Compilers {
  readonly ScriptForms: typeof ScriptForms;
  readonly compileScript: typeof compileScript;
}

const compilers: Compilers = { ScriptForms, compileScript };

/** Every name is a program, so that a name without its value would be one, too. p3 reads its input, and so does a call with that word. */
const mayReadInput = (program: string, words: readonly string[]): boolean =>
  program === 'p3' || words.includes('reads');

/**
 * Compiles one script for several peers, one after the other, and each peer by itself. The two must do the same. Returns the number of
 * peers that were only filled in.
 */
function compare(cases: readonly [ScriptCase, ...ScriptCase[]], used = compilers): number {
  const [{ script, exitsOnFailure }] = cases;
  let followed = 0;
  const has = (): boolean => {
    followed += 1;
    return true;
  };
  const tree = parseScript(script);
  const common = { tree, source: script, exitsOnFailure, shared: {}, programs: { has, mayReadInput } };
  const forms = new used.ScriptForms(common);
  let filled = 0;
  for (const { environment, stdin, failures } of cases) {
    const given: ScriptCase = { script, exitsOnFailure, environment, stdin, failures };
    followed = 0;
    const byForm = forms.compile(environment, stdin);
    if (byForm.kind === 'compiled' && followed === 0) filled += 1;
    const alone = used.compileScript({ ...common, environment, stdin });
    assert.deepEqual(recordingOf(byForm, given), recordingOf(alone, given), JSON.stringify(given));
  }
  return filled;
}

function recordingOf(compilation: Compilation, given: ScriptCase): RunRecord | string {
  if (compilation.kind === 'shell') return compilation.because;
  return runCompiled(compilation, given, randomPrograms);
}

describe('a script that is followed once, and filled in for each peer', () => {
  it('does the same as one that is followed for that peer', (t) => {
    let filled = 0;
    const others = fc.array(scriptCase, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(scriptCase, others, (first, list) => {
        filled += compare([first, ...list]);
      }),
      { numRuns, seed },
    );
    t.diagnostic(`${filled} peers were filled in`);
    assert.ok(filled > numRuns / 10, `only ${filled} peers were filled in`);
  });

  for (const command of recipeCommands('own')) {
    it(`does so for ${command.title}`, (t) => {
      const peers = fc.array(fc.oneof(peerCase(command, 'usual'), peerCase(command, 'hostile')), {
        minLength: 2,
        maxLength: 12,
      });
      let filled = 0;
      const property = fc.property(peers, ([first, ...list]) => {
        if (first !== undefined) filled += compare([first, ...list]);
      });
      fc.assert(property, { numRuns: 30, seed });
      t.diagnostic(`${filled} peers were filled in`);
    });
  }
});

describe('a script that thousands of peers have', () => {
  const peers = (count: number, of: (number: number) => Record<string, string>): ScriptCase[] =>
    Array.from({ length: count }, (_, number) => ({
      script: '',
      exitsOnFailure: true,
      environment: of(number),
      stdin: `02:00:00:00:00:${number}\n`,
      failures: [],
    }));

  const filledOf = (script: string, list: readonly ScriptCase[]): number => {
    const [first, ...others] = list.map((given) => ({ ...given, script }));
    assert.ok(first);
    return compare([first, ...others]);
  };

  it('is followed once if it only passes their values on', () => {
    const list = peers(100, (number) => ({ X: `10.50.${number}.0/24`, N: '1' }));
    assert.equal(filledOf('read -r mac; if [ -n "$X" ]; then p1 add $X "$mac"; fi', list), 99);
  });

  it('is followed once for each value that it looks into', () => {
    const list = peers(100, (number) => ({ X: `10.50.${number}.0/24`, N: `${number % 4}` }));
    assert.equal(filledOf('case $N in 1) p1 "$X" ;; *) p2 "$X" ;; esac', list), 96);
  });

  it('is followed once if it cuts a subnet at its slash', () => {
    const list = peers(100, (number) => ({ X: `10.50.${number}.0/24`, N: '1' }));
    assert.equal(filledOf('p1 "${X%/*}" "${X#*/}" "$(echo "$X" | cut -d/ -f1)"', list), 99);
  });

  it('is followed for each peer if it looks into what each has for itself', () => {
    const list = peers(100, (number) => ({ X: `10.50.${number}.0/24`, N: '1' }));
    assert.equal(filledOf('p1 "${X%.*}"', list), 0);
  });
});

interface FormMutant extends SourceMutant {
  readonly rule: string;
  readonly script: string;
  /** The values of X, or the standard inputs, of two peers or more. */
  readonly values: readonly string[];
}

const text = 'src/compile/text/';
const mutants: readonly FormMutant[] = [
  {
    rule: 'a value that is compared is known',
    file: `${text}test-expression.ts`,
    from: "if (left !== '' && right !== '') refuseBlanks(span, left, right);",
    to: '',
    script: '[ "$X" = b ] && p1',
    values: ['a', 'b'],
  },
  {
    rule: 'an operand that could be an operator is known',
    file: `${text}test-expression.ts`,
    from: 'if (hasBlank(word) && !beginsWithBlank(word)) refuseBlanks(span, word);',
    to: '',
    script: '[ -n "-$X" ] && p1',
    values: ['abcd', 'a'],
  },
  {
    rule: 'a quoted pattern is known',
    file: `${text}glob.ts`,
    from: 'addQuoted(text: string): void {\n    refuseBlanks(this.#span, text);',
    to: 'addQuoted(text: string): void {',
    script: 'case b in "$X") p1 ;; esac',
    values: ['a', 'b'],
  },
  {
    rule: 'a pattern is known',
    file: `${text}glob.ts`,
    from: 'addPattern(text: string): void {\n    refuseBlanks(this.#span, text);',
    to: 'addPattern(text: string): void {',
    script: 'case b in $X) p1 ;; esac',
    values: ['a', 'b'],
  },
  {
    rule: 'the subject of a pattern is known',
    file: `${text}glob.ts`,
    from: 'matches(text: string): boolean {\n    this.#refuseUnknown(text);',
    to: 'matches(text: string): boolean {',
    script: 'case $X in b) p1 ;; esac',
    values: ['a', 'b'],
  },
  {
    rule: 'a value that is split is known',
    file: 'src/compile/text/fields.ts',
    from: 'refuseSplit(this.#span, text, this.separators);',
    to: '',
    script: 'IFS=.; p1 $X',
    values: ['a', 'a.b'],
  },
  {
    rule: 'a line that is split is known',
    file: 'src/compile/builtins.ts',
    from: 'refuseSplit(span, line, separators);',
    to: '',
    script: 'IFS=.; read -r a b; p1 "$a"',
    values: ['a', 'a.b'],
  },
  {
    rule: 'an input that is read is known',
    file: 'src/compile/streams.ts',
    from: 'if (text.includes(wholeInput)) throw new BlankRead(span, [text]);',
    to: '',
    script: 'read -r a; p1 "$a"',
    values: ['a b', 'c d'],
  },
  {
    rule: 'a line that is cut is known',
    file: `${text}text-filters.ts`,
    from: 'else refuseSplit(span, text, delimiter);',
    to: '',
    script: 'p1 "$(echo "$X" | cut -d. -f1)"',
    values: ['a', 'a.b'],
  },
  {
    rule: 'a format is known',
    file: `${text}format-text.ts`,
    from: 'refuseBlanks(span, format);',
    to: '',
    script: 'p1 "$(printf "$X" z)"',
    values: ['a', '%s'],
  },
  {
    rule: 'the name of a command is known',
    file: 'src/compile/simple-command.ts',
    from: 'refuseBlanks(node.span, name);',
    to: '',
    script: '$X',
    values: ['p1', 'p2'],
  },
  {
    rule: 'the name after `command` is known',
    file: 'src/compile/simple-command.ts',
    from: 'refuseBlanks(node.span, program);',
    to: '',
    script: 'command $X',
    values: ['p1', 'p2'],
  },
  {
    rule: 'a word can make a program read its input',
    file: 'src/compile/script-forms.ts',
    from: '!this.#isGranted(form, inputs.values)',
    to: 'false',
    script: 'p1 $X; read -r a; p1 "$a"',
    values: ['a', 'reads'],
  },
  {
    rule: 'only plain values are left blank',
    file: `${text}blanks.ts`,
    from: 'const plainValue = /^[A-Za-z0-9_./:@%+,][A-Za-z0-9_./:@%+=,-]*$/',
    to: 'const plainValue = /^[^]+$/',
    script: 'p1 $X',
    values: ['a', 'a b'],
  },
  {
    rule: 'a value that may have a slash is known where it is cut',
    file: `${text}blanks.ts`,
    from: " || (separators.includes('/') && wideBlank.test(text))",
    to: '',
    script: 'p1 "${X%/*}"',
    values: ['a/b/c', 'd/e/f'],
  },
  {
    rule: 'a single character of a pattern is known',
    file: `${text}glob.ts`,
    from: "else if (piece.kind !== 'star') refuseBlanks(this.#span, text);",
    to: '',
    script: 'case $X in ?) p1 ;; esac',
    values: ['a', 'ab'],
  },
  {
    rule: 'an option is not left blank',
    file: `${text}blanks.ts`,
    from: 'const plainValue = /^[A-Za-z0-9_./:@%+,][',
    to: 'const plainValue = /^[A-Za-z0-9_./:@%+,-][',
    script: 'p1 "$(echo "$X")"',
    values: ['a', '-n'],
  },
  {
    rule: 'a value that is looked into distinguishes peers',
    file: 'src/compile/script-forms.ts',
    from: 'key += `${name}=${value.length}:${value} `;',
    to: 'key += `${name}=`;',
    script: '[ "$X" = b ] && p1',
    values: ['a', 'b'],
  },
  {
    rule: 'the environment of a call is filled in',
    file: 'src/compile/script-forms.ts',
    from: 'environment: hasChange ? changes : undefined',
    to: 'environment: undefined',
    script: 'a=$X p1',
    values: ['a', 'b'],
  },
  {
    rule: 'what the script writes is filled in',
    file: 'src/compile/script-forms.ts',
    from: "texts.some((text) => typeof text === 'object') ? texts : undefined",
    to: 'undefined',
    script: 'echo "$X" >&2',
    values: ['a', 'b'],
  },
  {
    rule: 'the input of a call is filled in',
    file: 'src/compile/script-forms.ts',
    from: "stdin: typeof input === 'object' ? input : undefined",
    to: 'stdin: undefined',
    script: 'p3 <<END\n$X\nEND',
    values: ['a', 'b'],
  },
];

const entry =
  "export { ScriptForms } from './src/compile/script-forms.ts';\nexport { compileScript } from './src/compile/follow-script.ts';";

describe('without one of its rules, a form is wrong', () => {
  for (const [index, mutant] of mutants.entries()) {
    it(mutant.rule, async (t) => {
      const [first, ...others] = mutant.values.map((value): ScriptCase => ({
        script: mutant.script,
        exitsOnFailure: false,
        environment: { X: value },
        stdin: `${value}\n`,
        failures: [],
      }));
      assert.ok(first);
      compare([first, ...others]);
      const outfile = join(temporaryDirectory(t), `mutant-${index}.mjs`);
      const broken = (await importMutant(mutant, entry, outfile)) as Compilers;
      assert.throws(() => compare([first, ...others], broken), 'it does what is right');
    });
  }
});
