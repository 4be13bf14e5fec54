import fc from 'fast-check';

/*
 * Scripts of the constructs that src/compile evaluates, and of some that it must leave to the shell. They call the programs p1, p2 and
 * p3, of which p3 reads its standard input.
 */

/** A script, and what it is run with. */
export interface ScriptCase {
  readonly script: string;
  readonly exitsOnFailure: boolean;
  /** The values of X, Y, N (a number) and perhaps Z. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Which calls fail, in the order of the calls. */
  readonly failures: readonly boolean[];
}

type Text = fc.Arbitrary<string>;

/** One of several texts, given with a blank between. */
const one = (texts: string): Text => fc.constantFrom(...texts.split(' '));

/** Choices, each after its weight. */
const choose = (...choices: readonly (readonly [number, Text])[]): Text =>
  fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })),
  );

/** A piece of shell text with random parts. */
const sh = (fixed: TemplateStringsArray, ...parts: readonly Text[]): Text =>
  fc.tuple(...parts).map((texts) => String.raw({ raw: fixed }, ...texts));

const several = (text: Text, minLength: number, maxLength: number, separator: string): Text =>
  fc.array(text, { minLength, maxLength }).map((texts) => texts.join(separator));

/** What a value may be: usual ones, and those of a node that means harm. */
const hostile =
  ' |a b| a  b |a:b|:a::b:|a\tb|a\nb\n|*|[a]|-n|-e|!|=|(|$X|$(p1)|`p1`|\\|a\\b|\'|"|~|007|-3|+1|0x1f|99999999999999999999|é|ß*|%s|{a,b}|#x|&|;p1|A=b|-|--|a/b/c|x]|[';
const value = choose(
  [4, one('1 5 10.50.3.0/24 02:00:00:00:00:07 word x-y 192.0.2.1')],
  [2, fc.constantFrom('', ...hostile.split('|'))],
  [1, fc.string({ unit: fc.constantFrom('a', ' ', ':', '/', '.', '1', '-'), maxLength: 6 })],
);

const name = one('a b X Y Z N');
const settable = one('a b X');
const quoted = value.map((text) => `'${text.replace(/'/g, `'\\''`)}'`);
const literal = one('a b word 10.0.0.1 /24 : -x dev . 1 2 = é %');
const pattern = one('* /* */ ? *.* a* [0-9]* *[!a-z] "$Y" $Y :* *: \'*\' word [a-f]? *. "" */24');
const number = one('$N "$N" 3 12 $((N+1)) $#');
const redirection = choose(
  [8, fc.constant('')],
  [
    2,
    fc.constantFrom(
      ' >/dev/null',
      ' 2>/dev/null',
      ' >/dev/null 2>&1',
      ' 2>&1 >/dev/null',
      ' >&2',
      ' 2>&1',
      ' </dev/null',
    ),
  ],
);
const program = choose([9, one('p1 p2')], [1, fc.constant('p3')]);

const filter = choose(
  [3, fc.constantFrom('cut -d/ -f1', "cut -d ':' -f 2-", 'cut -c1-3', 'cut -d. -f 2')],
  [2, fc.constantFrom('tr a-z A-Z', "tr -d ':'", "tr ' ' '\\n'", 'cat')],
);

interface Grammar {
  readonly expansion: string;
  readonly word: string;
  readonly printer: string;
  readonly condition: string;
  readonly command: string;
}

const { command } = fc.letrec((tie: fc.LetrecTypedTie<Grammar>) => {
  const expansion: Text = tie('expansion');
  const word: Text = tie('word');
  const printer: Text = tie('printer');
  const condition: Text = tie('condition');
  const inner: Text = tie('command');
  const body = several(inner, 1, 3, '\n');
  return {
    expansion: choose(
      [8, sh`$${name}`],
      [1, name.map(braced)],
      [2, sh`${name}${one('% %% # ##')}${pattern}`.map(braced)],
      [
        2,
        sh`${name}${one(':- - :+ + := =')}${choose([3, literal], [1, word], [1, fc.constantFrom('p q', '')])}`.map(
          braced,
        ),
      ],
      [1, sh`#${name}`.map(braced)],
      [1, one('$1 $2 $# $@ $* $? ${1:-none} ${2%/*}')],
      [1, sh`$((${one('N 7 $N 3 $1')} ${one('+ - * / % < == & << &&')} ${one('N 2 0 -4 (1+2) X')}))`],
      [2, sh`$(${printer})`],
      [1, sh`$(${inner})`],
      [1, sh`$(${printer} | ${filter})`],
      [1, sh`\`echo ${one('$X "$Y" $N a/b')} | ${fc.constantFrom("cut -d'/' -f 1", 'cat')}\``],
      [1, sh`$(IFS=${one('. : /')}; printf ${one("'%s,' '<%s>'")} $${name})`],
    ),
    word: choose(
      [4, literal],
      [2, quoted],
      [6, sh`"${expansion}"`],
      [2, expansion],
      [1, sh`"${literal}${expansion}"`],
      [1, sh`${expansion}.${literal}`],
      [1, sh`${expansion}"${expansion}"`],
      [
        1,
        fc.constantFrom(
          '""',
          "''",
          '\\ ',
          '\\$X',
          '"\\$X"',
          "'$X'",
          '"a\\b"',
          '~',
          '{a,b}',
          '*',
          'a=b',
          '\\"',
        ),
      ],
    ),
    printer: choose(
      [3, sh`echo ${word} ${word}`],
      [2, sh`printf ${one('%s %s-%s %5s| %-4s| a\\n%s\\n %% %.2s').map((text) => `'${text}'`)} ${word}`],
      [2, sh`printf ${one('0x%02x %d %x %03d %X %o %02x%02x %u %i,')} ${number} ${number}`],
    ),
    condition: choose(
      [3, sh`[ ${one('-n -z')} ${word} ]`],
      [3, sh`[ ${word} ${one('= !=')} ${word} ]`],
      [2, sh`[ ${number} ${one('-eq -ne -lt -le -gt -ge')} ${number} ]`],
      [1, sh`test ! ${word} = ${word}`],
      [1, sh`[ ${word} ]`],
      [3, sh`${program} ${word}`],
      [1, one('true false :')],
    ),
    command: choose(
      [8, sh`${program} ${several(word, 0, 3, ' ')}${redirection}`],
      [1, sh`${one('a X c')}=${word} ${program} ${word}`],
      [1, sh`command ${program} ${word}`],
      [5, sh`${settable}=${word}`],
      [1, sh`a=${word} b=${word}`],
      [1, sh`export ${one('a X c')}=${word}`],
      [
        1,
        fc.constantFrom(
          'export a',
          'unset a',
          'unset X',
          'set -e',
          'set +e',
          'set -u',
          'set -- $X',
          'set -- "$Y" a',
        ),
      ],
      [
        1,
        fc.constantFrom(
          'shift',
          'return',
          'return 3',
          'exit',
          'exit 0',
          'exit 2',
          'break',
          'continue',
          'IFS=:',
          'IFS=',
        ),
      ],
      [
        1,
        fc.constantFrom(
          'read a',
          'read -r a b',
          'IFS=: read -r a b',
          'IFS=:/ read -r a b X',
          'read -r a </dev/null',
          'cat',
        ),
      ],
      [1, sh`${printer}${redirection}`],
      [1, fc.constantFrom('local a', 'local b=1', 'local a="$1"', 'f', 'f "$X" 2', 'g a')],
      [
        1,
        fc.constantFrom(
          'wait',
          'eval p1',
          'p1 &',
          'trap : 0',
          'cd /',
          '. /x',
          'umask 022',
          'unset IFS',
          'p1 ~',
          '[ a == b ]',
        ),
      ],
      [3, sh`${condition} ${one('&& ||')} ${inner}`],
      [1, sh`${condition} ${one('&& ||')} ${condition} ${one('&& ||')} ${inner}`],
      [1, sh`! ${condition}`],
      [2, sh`if ${condition}; then\n${body}\nelse\n${body}\nfi`],
      [1, sh`if ${condition}; then\n${body}\nfi`],
      [1, sh`case ${word} in\n${pattern} | q)\n${body}\n;;\n*)\n${body}\n;;\nesac`],
      [1, sh`for ${one('a b')} in ${several(word, 0, 3, ' ')}; do\n${body}\ndone`],
      [1, sh`${printer} | while read -r a b; do\n${body}\ndone`],
      [1, sh`while read -r a; do\n${body}\ndone`],
      [1, sh`(\n${body}\n)${redirection}`],
      [1, sh`{\n${body}\n}${redirection}`],
      [1, sh`${printer} | ${program} x`],
      [1, sh`${program} doc <<END\nline ${one('$X ${Y} $N $(echo a) \\$X $((N+2)) word')}\nEND`],
    ),
  };
});

const lines = several(command, 1, 6, '\n');
const functions = sh`f() {\n${lines}\n}\ng() {\n${lines}\n}\n`;

function braced(text: string): string {
  return `\${${text}}`;
}

export const scriptCase: fc.Arbitrary<ScriptCase> = fc.record({
  script: fc.tuple(choose([2, fc.constant('')], [1, functions]), lines).map((texts) => texts.join('')),
  exitsOnFailure: fc.boolean(),
  environment: fc.record(
    { X: value, Y: value, Z: value, N: one('0 1 7 24 255 -3') },
    { requiredKeys: ['X', 'Y', 'N'] },
  ),
  stdin: fc.constantFrom(
    '',
    'one\n',
    'one two\nthree\n',
    '02:00:00:00:00:07',
    'a:b c\n\n x \n',
    '{"VNI":1}\n',
    'back\\slash\n',
  ),
  failures: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
});
