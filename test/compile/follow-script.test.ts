import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { compileScript, type Compilation } from '../../src/compile/follow-script.ts';
import { parseScript } from '../../src/recipe/sh/parse-script.ts';

const environment = {
  SUBNET: '10.50.3.0/24',
  SUBNET_IP: '10.50.3.0',
  PUBLIC_IP: '192.0.2.7',
  EMPTY: '',
  TWO: 'a b',
  STAR: '*',
};

function compile(source: string, { exitsOnFailure = false, stdin = '' } = {}): Compilation {
  return compileScript({
    tree: parseScript(source),
    source,
    exitsOnFailure,
    environment,
    stdin,
    programs: { has: (program) => program !== 'absent', mayReadInput: (program) => program === 'wg' },
  });
}

/** Each path as text: `ip a && ip b` if both succeed, `!ip a` if that fails; `= 0` or `= 1` says how it ends. */
function paths(source: string, options?: Parameters<typeof compile>[1]): readonly string[] {
  const compilation = compile(source, options);
  if (compilation.kind === 'shell') assert.fail(compilation.because);
  return compilation.paths.map(({ calls, end: { succeeded } }) => {
    const steps = calls.map(({ call, outcome }) => {
      return `${outcome === 'failed' ? '!' : ''}${[call.program, ...call.arguments].join(' ')}`;
    });
    return `${steps.join('; ')} = ${succeeded ? 0 : 1}`;
  });
}

function refusal(source: string, options?: Parameters<typeof compile>[1]): string {
  const compilation = compile(source, options);
  if (compilation.kind === 'compiled') assert.fail('it is compiled');
  const { span, because } = compilation;
  return `${source.slice(span.offset, span.offset + span.length)}: ${because}`;
}

describe('the paths of a script', () => {
  it('are one for each way that its calls can end', () => {
    assert.deepEqual(paths('ip a && ip b || ip c'), [
      'ip a; ip b = 0',
      '!ip a; ip c = 0',
      '!ip a; !ip c = 1',
      'ip a; !ip b; ip c = 0',
      'ip a; !ip b; !ip c = 1',
    ]);
  });

  it('end at a failure under -e, unless it is asked about', () => {
    assert.deepEqual(paths('ip a\nip b', { exitsOnFailure: true }), [
      'ip a; ip b = 0',
      '!ip a = 1',
      'ip a; !ip b = 1',
    ]);
    assert.deepEqual(paths('ip a || true\nif ip b; then ip c; fi', { exitsOnFailure: true }), [
      'ip a; ip b; ip c = 0',
      'ip a; !ip b = 0',
      'ip a; ip b; !ip c = 1',
    ]);
  });

  it('go on after a failure without -e', () => {
    assert.deepEqual(paths('ip a; ip b'), [
      'ip a; ip b = 0',
      '!ip a; ip b = 0',
      '!ip a; !ip b = 1',
      'ip a; !ip b = 1',
    ]);
  });
});

describe('two outcomes that lead to the same place', () => {
  it('share what comes then', () => {
    const source = 'for object in a b c d e f; do ip $object 2>/dev/null || true; done';
    let evaluations = 0;
    const compilation = compileScript({
      tree: parseScript(source),
      source,
      exitsOnFailure: true,
      environment,
      stdin: '',
      programs: { has: () => ((evaluations += 1), true), mayReadInput: () => false },
    });
    assert(compilation.kind === 'compiled');
    assert.equal(compilation.paths.length, 1);
    // Without sharing, there would be a call for each way to reach it: 63.
    assert.equal(evaluations, 11);
  });

  it('are apart if a variable, an output or a parameter tells them apart', () => {
    assert.deepEqual(paths('ip a && x=1 || x=2; ip b $x'), [
      'ip a; ip b 1 = 0',
      '!ip a; ip b 2 = 0',
      '!ip a; !ip b 2 = 1',
      'ip a; !ip b 1 = 1',
    ]);
    assert.deepEqual(paths('ip a || set -- failed; ip b && ip c $#'), [
      'ip a; ip b; ip c 0 = 0',
      '!ip a; ip b; ip c 1 = 0',
      '!ip a; !ip b = 1',
      '!ip a; ip b; !ip c 1 = 1',
      'ip a; !ip b = 1',
      'ip a; ip b; !ip c 0 = 1',
    ]);
    const compilation = compile('ip a || echo a failed >&2; ip b');
    assert(compilation.kind === 'compiled');
    assert.deepEqual(
      compilation.paths.map(({ end }) => end.written.map(({ text }) => text)),
      [[], ['a failed\n'], ['a failed\n'], []],
    );
  });
});

/** What each script calls if all succeeds. */
const followed: readonly (readonly [script: string, calls: string])[] = [
  ['ip route add $SUBNET via $PUBLIC_IP', 'ip route add 10.50.3.0/24 via 192.0.2.7'],
  ["ADDR=`echo $SUBNET | cut -d'/' -f 1`; ip a $ADDR", 'ip a 10.50.3.0'],
  ['read MAC; bridge fdb add $MAC', 'bridge fdb add 02:00:00:00:00:07'],
  ['ip $(IFS=.; printf 0x%02x%02x%02x%02x $SUBNET_IP)', 'ip 0x0a320300'],
  ['case $SUBNET in */24) ip short ;; *) ip long ;; esac', 'ip short'],
  ['for word in $TWO c; do ip $word; done', 'ip a; ip b; ip c'],
  ['f() { local x="$1"; ip "$x" ${2:-none}; }; f "$TWO"; f 1 2', 'ip a b none; ip 1 2'],
  ['printf "1 2\\n3 4\\n" | while read -r a b; do ip $b $a; done', 'ip 2 1; ip 4 3'],
  ['ip $EMPTY "$EMPTY" "$STAR"', 'ip  *'],
  ['ip ${SUBNET%/*} ${SUBNET##*.} ${#SUBNET_IP}', 'ip 10.50.3.0 0/24 9'],
  ['i=0; while [ $i -lt 2 ]; do ip $i; i=$((i + 1)); done', 'ip 0; ip 1'],
  ['set -- a b; shift; ip "$@" $#', 'ip b 1'],
  ['(X=1; ip $X); ip "$X"', 'ip 1; ip '],
  ['if [ "$EMPTY" = "" ] && ! false; then ip yes; else ip no; fi', 'ip yes'],
];

describe('a compiled script', () => {
  for (const [script, calls] of followed) {
    it(`calls ${calls} for ${script}`, () => {
      assert.equal(paths(script, { stdin: '02:00:00:00:00:07\n' })[0], `${calls} = 0`);
    });
  }

  it('gives a call its environment and its streams', () => {
    const compilation = compile('export A=1; SUBNET=other; B=2 wg set 2>&1 >/dev/null <<END\nkey $A\nEND');
    assert(compilation.kind === 'compiled');
    const {
      environment: changes,
      stdin,
      stdout,
      stderr,
    } = compilation.paths[0]?.calls[0]?.call ?? assert.fail();
    assert.deepEqual(Object.fromEntries(changes), { A: '1', B: '2', SUBNET: 'other' });
    assert.deepEqual(
      { stdin, stdout, stderr },
      { stdin: { kind: 'text', text: 'key 1\n' }, stdout: 'null', stderr: 'stdout' },
    );
  });
});

/** What each script is left to the shell for. */
const refused: readonly (readonly [script: string, refusal: string])[] = [
  ['ip a $(ip b)', 'ip b: what ip prints is known only when it runs'],
  ['ip a | while read x; do ip $x; done', 'ip a: what ip prints is known only when it runs'],
  ['ip a >/tmp/x', '/tmp/x: only /dev/null, 2>&1, >&2 and here-documents are evaluated'],
  ['ip a; ip $?', '$?: the status of a program is not known as a number'],
  [
    'ip a || case "$(echo x)" in *) exit ;; esac',
    'exit: shells differ in whether a command substitution changes the status',
  ],
  ['false; echo $(true) $?', '$?: shells differ in whether a command substitution changes the status'],
  [
    'f() { return; }; false || f $(echo a)',
    'return: shells differ in whether a command substitution changes the status',
  ],
  ['f() { ! return 5; }\nf', 'return 5: shells differ in what `!` makes of a `return`'],
  ['a=4; ip $((++a))', '$((++a)): shells differ in `++`, in `--` and in a `?` inside of another one'],
  [
    'ip $((1 ? 2 ? 3 : 4 : 5))',
    '$((1 ? 2 ? 3 : 4 : 5)): shells differ in `++`, in `--` and in a `?` inside of another one',
  ],
  [
    'a=`cat`<<END\nx\nEND\nip "$a"',
    'a=`cat`<<END: shells differ in what a redirection without a command is for',
  ],
  ['f() { set -e; false; ip a; }\n! f', 'set -e: shells differ in `set -e` where a failure is asked about'],
  ['cat <<-END\n\tx\nEND', 'END: tabs of a here-document after `<<-` are left to the shell'],
  ['cat <<$a\nx\n$a', '$a: only /dev/null, 2>&1, >&2 and here-documents are evaluated'],
  ['f() g() { :; }\nip a', 'f() g() { :; }: not every shell takes this for the body of a function'],
  ['ip a $STAR', '$STAR: an unquoted word could be a pattern for file names'],
  ['ip a ~', '~: `~` may stand for a home directory'],
  ['ip a &', 'ip a: a command in the background runs at the same time as the others'],
  ['[[ -n x ]] && ip a', '[[: `[[ … ]]` is not of POSIX'],
  ['ip {a,b}', '{a,b}: bash makes several words of `{…,…}`'],
  ['PATH=/x; ip a', 'PATH=/x: a change of PATH alters what the shell does'],
  ['ip $RANDOM', '$RANDOM: the shell itself sets RANDOM'],
  ['eval ip a', 'eval ip a: `eval` is not evaluated'],
  ['absent a', 'absent a: the program absent is not there'],
  ['wg a; read x', 'read x: wg may have read of the standard input'],
  ['[ -e /x ] && ip a', '[ -e /x ]: `-e` asks about more than the text'],
  [
    'ip $((08 + 1))',
    '$((08 + 1)): shells differ in arithmetic with what is not a decimal number of at most 18 digits',
  ],
  ['while :; do :; done', ':: the script takes too many steps'],
  [
    'for a in 1 2 3 4 5 6 7; do ip $a; done',
    'for a in 1 2 3 4 5 6 7; do ip $a; done: it can go more than 64 ways',
  ],
];

describe('a script that is left to the shell', () => {
  for (const [script, because] of refused) {
    it(`is ${script}`, () => assert.equal(refusal(script, { stdin: 'line\n' }), because));
  }

  it('is one that may reach such a place after a call', () => {
    assert.equal(refusal('ip a || eval b'), 'eval b: `eval` is not evaluated');
    assert.deepEqual(paths('if [ -n "$EMPTY" ]; then eval b; fi; ip a'), ['ip a = 0', '!ip a = 1']);
  });
});

describe('the command that ends a script with a failure', () => {
  /** The line of that command on the first path that fails, from 1, and the status of the script. */
  function ending(lines: readonly string[]): readonly [line: number, status: number | undefined] {
    const source = lines.join('\n');
    const compilation = compile(source, { exitsOnFailure: true });
    if (compilation.kind === 'shell') assert.fail(compilation.because);
    const failing = compilation.paths.find(({ end }) => !end.succeeded);
    const { span, status } = failing?.end.last ?? assert.fail('no path fails');
    return [source.slice(0, span?.offset).split('\n').length, status];
  }

  for (const [what, lines, line, status] of [
    ['a builtin', ['true', 'test 1 = 2', 'true'], 2, 1],
    ['a builtin in if', ['if true; then', '  true', '  [ a = b ]', 'fi', 'true'], 3, 1],
    [
      'a builtin in a loop, after a function',
      ['f() {', '  false', '}', 'for i in 1 2; do', '  test $i -lt 2', 'done'],
      5,
      1,
    ],
    ['a builtin in a function', ['f() {', '  true', '  false', '}', 'true', 'f', 'true'], 3, 1],
    ['a builtin in case', ['case $SUBNET in', '10.*)', '  false ;;', 'esac'], 3, 1],
    ['exit with a status', ['if true; then', '  exit 3', 'fi'], 2, 3],
    ['a program', ['true', 'ip a', 'true'], 2, undefined],
    ['a builtin after a program that may fail', ['ip a || true', 'test 1 = 2'], 2, 1],
    ['a builtin in a subshell', ['(', '  true', '  false', ')'], 3, 1],
    ['a program in a brace group', ['{', '  true', '  ip a', '}'], 3, undefined],
  ] as const) {
    it(`is known by its line: ${what}`, () => {
      assert.deepEqual(ending(lines), [line, status]);
    });
  }
});
