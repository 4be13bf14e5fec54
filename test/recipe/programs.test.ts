import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { findPrograms } from '../../src/recipe/programs.ts';

function programs(...scripts: string[]): string[] {
  return findPrograms(
    scripts.map((script) => ({
      name: 'PreStartupCommand' as const,
      form: 'lines' as const,
      lines: script.split('\n').map((text) => ({ text, span: { offset: 0, length: 0 } })),
    })),
  );
}

const cases: Readonly<Record<string, readonly (readonly [string, readonly string[]])[]>> = {
  'at the start of a command': [
    ['ip link show', ['ip']],
    ['ip link; bridge fdb & arp -a && wg show', ['ip', 'bridge', 'arp', 'wg']],
    ['wg genkey | wg pubkey | tee key', ['wg', 'tee']],
    ['ip a\nbridge b\n', ['ip', 'bridge']],
    ['ip link add \\\n  name x', ['ip']],
    ['(ip a; bridge b)', ['ip', 'bridge']],
    ['{ ip a; bridge b; }', ['ip', 'bridge']],
    ['/usr/sbin/ip a', ['/usr/sbin/ip']],
    ['\'ip\' a; "bridge" b', ['ip', 'bridge']],
  ],
  'after grammar': [
    ['if ip a; then bridge b; elif arp; then wg; else awk; fi', ['ip', 'bridge', 'arp', 'wg', 'awk']],
    ['while read -r line; do ip route add "$line"; done', ['ip']],
    ['for peer in a b; do ip neigh add $peer; done', ['ip']],
    ['until ! ip a; do sleep 1; done', ['ip', 'sleep']],
    ['! ip a', ['ip']],
    ['exec ip monitor link', ['ip']],
    ['exec 3>&1', []],
    [
      'case $TYPE in\n vxlan | geneve) ip a ;;\n (ipip) bridge b;;\n *) arp\nesac\nwg show',
      ['ip', 'bridge', 'arp', 'wg'],
    ],
  ],
  'past assignments and redirections': [
    ['LC_ALL=C PATH=/x ip a', ['ip']],
    ['MAC=$(cat /sys/class/net/x/address)', ['cat']],
    ['>/dev/null 2>&1 ip a', ['ip']],
    ['ip a 2>/dev/null >out <in', ['ip']],
    ['2>/dev/null ip a', ['ip']],
  ],
  'inside substitutions': [
    ["export A=`echo $SUBNET | cut -d'/' -f 1`; ip a", ['cut', 'ip']],
    ['x="$(ip -o link | awk \'{ print $2 }\')"', ['ip', 'awk']],
    ['echo "a $(printf "%s" "$(cat file)") b"', ['cat']],
    ['x=$(( $(cat a) + 1 ))', ['cat']],
    ['echo `echo \\`cat a\\``', ['cat']],
  ],
  'and not': [
    ['export VNI=1; read MAC; cd /tmp; [ -e x ] && test -f y; printf %s x; :', []],
    ['$TOOL a; ${TOOL} b; ip$SUFFIX c; "$X"', []],
    ['./helper a; sub/dir b; ~/c', []],
    ['add() { ip a; }\nadd b', ['ip']],
    ['remove() {\n  ip b\n}\nremove c', ['ip']],
    ["sh -c 'ip a; bridge b'", ['sh']],
    ['echo ip; echo "ip; bridge"; awk \'{ arp; wg }\'', ['awk']],
    ['echo a # ip a; bridge b\nwg show # arp', ['wg']],
    ['echo a#b; ip c', ['ip']],
    ['cat <<EOF\nip a\nbridge b\nEOF\nwg show', ['cat', 'wg']],
    ["cat <<-'END' | tee x\n\tip a\n\tEND\narp", ['cat', 'tee', 'arp']],
    ['[[ a == b && ip == c ]] && wg', ['wg']],
    ['for x in ip bridge; do :; done', []],
  ],
  'when the script can do without': [
    ['ip link add type wireguard || wireguard-go wg0', ['ip']],
    ['ip a || { wireguard-go wg0; sleep 1; }; bridge b', ['ip', 'bridge']],
    ['ip a || (modprobe x; y) && bridge b', ['ip', 'bridge']],
    ['if command -v wireguard-go >/dev/null; then wireguard-go wg0; fi', []],
    ['type arp >/dev/null 2>&1 && arp -s; ip a', ['ip']],
    ['command ip a', ['ip']],
  ],
  'when the text is not whole': [
    ['ip a; echo "unclosed; bridge b', ['ip']],
    ["ip a; echo 'unclosed", ['ip']],
    ['ip a; x=$(cat; bridge b', ['ip']],
    ['ip a; x=${y; bridge b', ['ip']],
  ],
};

for (const [where, scripts] of Object.entries(cases)) {
  describe(`programs are found ${where}`, () => {
    for (const [script, expected] of scripts) {
      test(JSON.stringify(script), () => assert.deepEqual(programs(script), expected));
    }
  });
}

test('programs of all commands are named once, in order', () => {
  assert.deepEqual(programs('ip a; cat b', 'bridge c; ip d', 'cat e'), ['ip', 'cat', 'bridge']);
});

test('a function of one command is not a function of another', () => {
  assert.deepEqual(programs('wg() { ip a; }; wg', 'wg show'), ['ip', 'wg']);
});

test('any text at all can be read', () => {
  const piece = fc.constantFrom(
    ...[
      'ip',
      ' ',
      ';',
      '\n',
      '"',
      "'",
      '`',
      '$(',
      ')',
      '(',
      '${',
      '}',
      '{',
      '\\',
      '$',
      '#',
      '<<',
      '<<E',
      '|',
      '||',
    ],
    ...['&', '>', '*', 'case', 'in', 'esac', '[[', 'f()', '=', '$((', '))', '\u0000', '日', "$'"],
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      for (const program of programs(pieces.join(''))) assert.match(program, /^[\w./+-]+$/);
    }),
    { numRuns: 2000 },
  );
});
