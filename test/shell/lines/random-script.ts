import fc from 'fast-check';

/** Commands that succeed, each a list of lines. `gN` is a function of the preamble. */
const fillers: readonly (readonly string[])[] = [
  ['true'],
  ['echo a >/dev/null'],
  ['# a comment, then a blank line', ''],
  [': "$(false)"'],
  ['x=$(echo a); test "$x" = a'],
  ['x=$(', '  echo a', '  g1', ')'],
  ['! false', 'false || true'],
  ['if false; then g1; fi'],
  ['if g2 &&', '  false; then', '  echo b', 'else', '  g1', 'fi'],
  ['for i in 1 2; do g1; done'],
  ['echo a b | while read -r x y; do', '  test "$x" = a', 'done'],
  ['g1 | cat', 'g2 |', '  cat'],
  ['g1 &', 'wait'],
  ['( g2', '  true ) && g1'],
  ['echo "$(g1', ')" `g1`'],
  ['cat <<EOF', 'false $(g2)', ') fi', 'EOF'],
  ["cat <<'EOF' | cat", "it's", 'done `', 'EOF'],
  ["echo 'a", 'false', "b' \\", '  c'],
  ['case a in', '  b) false ;;', '  a | c)', '    g2', '    ;;', 'esac'],
  ['until true; do', '  false', 'done'],
  ['set -- a b; while [ $# -gt 0 ]; do shift; done'],
  ['{ g1; g2; } >/dev/null 2>&1'],
  ['echo "$((1 + $(echo 2)))" "${x:-$(g1)}"'],
];

const preamble = ['g1() { true; }', 'g2() {', '  if false', '  then', '    g1', '  fi', '  echo g2', '}'];

const filling = fc.array(fc.constantFrom(...fillers), { maxLength: 2 }).map((lists) => lists.flat());

/** Puts the lines that fail into a construct of sh in which they are reached, and in which their failure ends the script. */
type Wrap = (inner: readonly string[], name: string) => readonly string[];

const indent = (lines: readonly string[]): readonly string[] => lines;

const wraps: readonly Wrap[] = [
  (inner) => ['if true; then', ...indent(inner), 'fi'],
  (inner) => ['if false; then', '  true', 'elif g2; then', ...inner, 'else', '  true', 'fi'],
  (inner) => ['if ! g1', 'then true', 'else', ...inner, 'fi'],
  (inner) => ['for i in 1 2', 'do', ...inner, 'done'],
  (inner) => ['for i in 1 2 3; do', '  if [ $i = 2 ]; then', ...inner, '  fi', 'done'],
  (inner) => ['while true; do', ...inner, 'done'],
  (inner) => ['until g1 && false; do', ...inner, 'done'],
  (inner) => ['while read -r line; do', ...inner, 'done <<EOF', 'one', 'two', 'EOF'],
  (inner) => ['case x in', '  a) true ;;', '  x)', ...inner, '  ;;', 'esac'],
  (inner, name) => [`${name}() {`, ...inner, '}', 'true', name],
  (inner, name) => [`${name}() (`, ...inner, ')', `g2; ${name} a`],
  (inner, name) => [`${name}() {`, ...inner, '}', `for i in 1; do g1; ${name}; done`],
  (inner) => ['(', ...inner, ')'],
  (inner) => ['{', ...inner, '}'],
  (inner) => ['{', ...inner, '} 2>/dev/null'],
  (inner) => ['echo a |', '{', ...inner, '}'],
  (inner) => ['g2 | cat | (', ...inner, ')'],
  (inner) => ['cat <<EOF | {', 'a', 'EOF', ...inner, '}'],
  (inner) => ['true &&', 'g1 && {', ...inner, '}'],
  (inner) => ['false ||', '{', ...inner, '}'],
  (inner) => ['x=$(set -e', ...inner, ')'],
  (inner) => ['x="a $(set -e', ...inner, ')"'],
];

const ends = [
  ['false # here'],
  ['g2; false # here'],
  ['true && g2 && false # here'],
  ['false ||', 'false # here'],
  ['true && # no', '', 'g1 &&', 'false # here'],
  ['if g1; then false; fi # here'],
  ['g2 |', 'false # here'],
  ['g2 | cat | false # here'],
  ['test "$(g2', ')" = a # not here'],
  ['exit 3 # here'],
  ['false \\', '  a b # not here'],
  ['for i in 1 2; do g2; false; done # here'],
] as const;

/** A script that stops at the first failure, and the line (from 0) of its last command: a `false`, or one of its kind. */
interface FailingScript {
  readonly lines: readonly string[];
  readonly line: number;
}

const mark = '# BLAMED';

function markEnd(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex((line) => line.endsWith('# here'));
  return lines.map((line, index) => (index === Math.max(at, 0) ? `${line}${mark}` : line));
}

const body = fc
  .tuple(filling, fc.constantFrom(...ends), filling)
  .map(([before, end, after]) => [...before, ...markEnd(end), ...after]);

export const failingScript: fc.Arbitrary<FailingScript> = fc
  .tuple(body, fc.array(fc.tuple(fc.constantFrom(...wraps), filling, filling), { maxLength: 4 }), filling)
  .map(([inner, layers, first]) => {
    const script = layers.reduce<readonly string[]>(
      (lines, [wrap, before, after], depth) => [...before, ...wrap(lines, `f${depth}`), ...after],
      inner,
    );
    const lines = [...preamble, ...first, ...script];
    const line = lines.findIndex((text) => text.endsWith(mark));
    return { lines: lines.map((text) => text.replace(mark, '')), line };
  });
