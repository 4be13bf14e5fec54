import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { examineRecipe } from '../../src/recipe-files/examine-recipe.ts';
import { renderDiagnostics } from '../../src/diagnostic/code-frame.ts';
import type { Diagnostic } from '../../src/diagnostic/diagnostic.ts';
import type { CommandName } from '../../src/recipe/recipe.ts';

// Each recipe in lint/ stands beside the whole of what an author is told about it.
// After a deliberate change, UPDATE_GOLDEN=1 writes these texts anew; read the difference before committing it.

const directory = new URL('lint/', import.meta.url);
const root = new URL('../../', import.meta.url);

function examine(file: URL): Promise<readonly Diagnostic[]> {
  const name = file.pathname.slice(file.pathname.lastIndexOf('/') + 1);
  return examineRecipe({ name, text: readFileSync(file, 'utf8') }, name.replace('.json', ''));
}

describe('an author is told all that is wrong with', () => {
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
    test(file, async () => {
      const rendered = `${renderDiagnostics(await examine(new URL(file, directory)), { colour: false })}\n`;
      const golden = new URL(file.replace('.json', '.txt'), directory);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, rendered);
      assert.equal(rendered, readFileSync(golden, 'utf8'));
    });
  }
});

const cloudTools = ['aws', 'aliyun', 'tccli'];

describe('nothing at all is found in the shipped recipe', () => {
  for (const name of readdirSync(new URL('recipes/', root)).filter(
    (name) => !name.endsWith('.schema.json'),
  )) {
    test(name, async () => {
      const found = await examine(new URL(`recipes/${name}`, root));
      // The tools of clouds are installed where their own tests run.
      const missing = cloudTools.map((tool) => `the program \`${tool}\` is not on PATH`);
      assert.deepEqual(
        found.filter(({ message }) => !missing.includes(message)),
        [],
      );
    });
  }
});

describe('no error is found in flannel’s recipe', () => {
  for (const name of readdirSync(new URL('test/recipes/', root)).filter((name) =>
    name.startsWith('extension-'),
  )) {
    test(name, async () => {
      const found = await examine(new URL(`test/recipes/${name}`, root));
      assert.deepEqual(
        found.filter(({ severity }) => severity === 'error'),
        [],
      );
      assert.notEqual(found.length, 0);
    });
  }
});

/** The codes that are found in one command of an otherwise faultless recipe. */
async function codesFor(name: CommandName, command: string | readonly string[]): Promise<readonly string[]> {
  const Backend = {
    Type: 'extension',
    Overhead: 50,
    Requires: [],
    ...((name === 'SubnetAddCommand' || name === 'SubnetBatchCommand') && {
      SubnetAddCommand: ':',
      SubnetRemoveCommand: ':',
    }),
    [name]: command,
  };
  const text = JSON.stringify({ Network: '10.50.0.0/16', Backend });
  return (await examineRecipe({ name: 'one.json', text }, 'one')).map(({ code }) => code);
}

const innocent: Readonly<Partial<Record<CommandName, readonly (string | readonly string[])[]>>> = {
  PreStartupCommand: [
    // What may be run again, or reckons with what is there
    'ip link del ov0 2>/dev/null; ip link add ov0 type vxlan id 1 dstport 8472',
    'ip link add ov0 type vxlan id 1 2>/dev/null; ip link set ov0 up',
    ['ip link show dev ov0 >/dev/null 2>&1 || ip link add ov0 type vxlan id 1'],
    ['if ! ip link show dev ov0; then ip link add ov0 type vxlan id 1; fi'],
    ['[ -e /sys/class/net/ov0 ] || ip link add ov0 type vxlan id 1'],
    ['[ ! -e /sys/class/net/ov0 ] && ip link add ov0 type vxlan id 1'],
    ['make() { ip link add ov0 type vxlan id 1; }', 'ip link show dev ov0 || make'],
    ['{ ip link add ov0 type vxlan id 1; ip link set ov0 up; } || true'],
    ['ip link delete dev "$IFACE.1" || true', 'ip link add name "$IFACE.1" type vxlan id 1'],
    [
      'ip -batch commands',
      'ip rule show',
      'ip route replace default dev x',
      'mkdir -p a',
      'mkdir -m 700 -p b',
    ],
    ['rm -rf keys', 'mkdir keys'],
    ['echo "ip route add"', "sh -c 'ip route add x'", '# ip route add', "echo 'x' # ip link add"],
    // Variables that are there, or may be absent
    ['read -r a b </proc/uptime', 'echo "$a $b"'],
    ['for x in 1 2; do echo "$x"; done', 'f() { local y=1; echo "$y"; }; f'],
    [
      'echo "${SUBNET:-none} ${SUBNET:+some}"',
      ': "${NAME:=x}"; echo "$NAME"',
      'echo "$((count = 1))" "$count"',
    ],
    ['eval "$(cat settings)"', 'echo "$SETTING"'],
    ['case $SUBNET in "") echo none ;; *) echo "$SUBNET" ;; esac'],
    ["awk '{ print $UNKNOWN }' /dev/null", 'cat <<"END"', '$UNKNOWN', 'END'],
    // Input that comes from elsewhere
    [
      'echo a | cat',
      'echo a | while read -r x; do echo "$x"; done',
      '{ read -r x; echo "$x"; } <<END',
      'a',
      'END',
    ],
    ['exec </proc/uptime', 'read -r up', 'echo "$up"'],
    ['f() { read -r x; echo "$x"; }', 'echo a | f'],
    // What every shell takes alike
    ['ip monitor link >a & ip monitor route >b &', 'wait'],
    ['set -o errexit', '. ./settings', 'echo "${IFACE%.*} ${IFACE#e} ${#IFACE}" "[[ a ]]"'],
    ['echo "pkill x" >note', 'kill "$(cat pid)" || true'],
    ['ip link set dev lo mtu "$MTU"', 'ip route replace 10.0.0.0/8 dev lo mtu 1400'],
  ],
  SubnetAddCommand: [
    [
      'read -r mac',
      'bridge fdb replace "$mac" dev ov0 dst $PUBLIC_IP',
      'ip route replace $SUBNET via $PUBLIC_IP',
    ],
    ['read -r mac', 'other=$mac', 'case $mac in a) ;; esac', 'echo "${mac%:*}" ${#mac} ${mac:+"$mac"}'],
    ['read -r list', 'set -- $list', 'for each in $list; do echo "$each"; done'],
    ['ip route | while read -r line; do echo $line; done'],
    ['read -r mac', 'sh -c \'echo "$1"\' sh "$mac"', 'eval "set -- a b"'],
  ],
};

for (const [name, commands] of Object.entries(innocent)) {
  describe(`nothing is found in a ${name} such as`, () => {
    for (const command of commands) {
      test(JSON.stringify(command), async () =>
        assert.deepEqual(await codesFor(name as CommandName, command), []),
      );
    }
  });
}

const suspect: readonly (readonly [CommandName, string | readonly string[], readonly string[]])[] = [
  [
    'PreStartupCommand',
    ['ip route add default dev x || true', 'ip route add 10.0.0.0/8 dev x'],
    ['not-repeatable'],
  ],
  ['PreStartupCommand', ['ip route del 10.1.0.0/16', 'ip route add 10.2.0.0/16 dev x'], ['not-repeatable']],
  ['PreStartupCommand', ['true && ip addr add 10.0.0.1/8 dev lo'], ['not-repeatable']],
  ['PreStartupCommand', ['a=$(ip rule add lookup 7)', 'echo "$a"'], ['not-repeatable']],
  ['PreStartupCommand', ['f() { ip route add default dev x; }', 'f'], ['not-repeatable']],
  ['PreStartupCommand', ['ip route add default dev x 2>/dev/null', ':'], ['not-repeatable']],
  ['PreStartupCommand', ['for d in a b; do ip link add "$d" type bridge; done'], ['not-repeatable']],
  ['PreStartupCommand', 'echo `echo \\`echo $NOWHERE\\``', ['unknown-variable']],
  ['PreStartupCommand', ['cat <<END', '$NOWHERE', 'END'], ['unknown-variable']],
  ['PreStartupCommand', ['echo "${NOWHERE%/*}" $NOWHERE'], ['unknown-variable']],
  ['MonitorCommand', ['cat -'], ['no-input']],
  ['PostStartupCommand', ['{ read -r x; echo "$x"; }'], ['no-input']],
  ['SubnetBatchCommand', 'echo "$SUBNET $LOCAL_SUBNET"', ['unset-variable']],
  [
    'CheckCommand',
    ['while read -r verb subnet _ host _ mac; do echo $subnet $host $mac; done'],
    ['unquoted-data'],
  ],
  ['SubnetAddCommand', 'read A; B=$A; C="x$B"; echo $C', ['unquoted-data']],
  ['SubnetAddCommand', 'A=$(cat); echo ${A:-$A}', ['unquoted-data']],
  ['SubnetAddCommand', ['while read -r a; do echo $a; done'], ['unquoted-data']],
  ['SubnetAddCommand', ['read -r a', 'eval "b=$a"'], ['evaluated-data']],
  ['PreStartupCommand', ['if [[ a == b ]]; then :; fi'], ['not-portable']],
  ['PreStartupCommand', ['[[ -e x && -e y ]] || true'], ['not-portable']],
  ['PreStartupCommand', ['source ./settings'], ['not-portable']],
  ['PreStartupCommand', ['declare -a subnets || true'], ['not-portable']],
  ['PreStartupCommand', ['let n=1'], ['not-portable']],
  ['PreStartupCommand', ['shopt -s nullglob'], ['not-portable']],
  ['PreStartupCommand', ['mapfile -t lines', 'pushd /'], ['not-portable', 'not-portable']],
  ['PreStartupCommand', ['set -o pipefail'], ['not-portable']],
  ['PreStartupCommand', ['set -euo pipefail', ':'], ['not-portable']],
  ['PreStartupCommand', ['echo "${IFACE//./}"'], ['not-portable']],
  ['PreStartupCommand', ['echo "${IFACE/./}" "${IFACE:0:2}" "${IFACE^^}"'], Array(3).fill('not-portable')],
  ['ShutdownCommand', ['pkill wireguard-go || true'], ['kills-by-name']],
  ['ShutdownCommand', 'killall -q socat; true', ['kills-by-name']],
  ['PostStartupCommand', 'ip monitor link >log &', ['background-command']],
  ['PostStartupCommand', ['{ ip monitor link | cat >log; } &', 'true'], ['background-command']],
];

for (const [name, command, codes] of suspect) {
  test(`${JSON.stringify(command)} in ${name} is found: ${codes.join(', ')}`, async () => {
    assert.deepEqual(await codesFor(name, command), codes);
  });
}

test('a command in the background is not found if its process id is noted, and another command ends it', async () => {
  const find = async (commands: Readonly<Record<string, string>>) => {
    const text = JSON.stringify({
      Network: '10.50.0.0/16',
      Backend: { Type: 'extension', Requires: [], ...commands },
    });
    return (await examineRecipe({ name: 'one.json', text }, 'one')).map(({ code }) => code);
  };
  const PostStartupCommand = 'nc -l 9 >log & echo "$!" >nc.pid';
  const ShutdownCommand = 'kill "$(cat nc.pid)" || true';
  assert.deepEqual(await find({ PostStartupCommand, ShutdownCommand }), []);
  assert.deepEqual(await find({ PostStartupCommand }), ['background-command']);
  assert.deepEqual(await find({ PostStartupCommand: `${PostStartupCommand}; kill "$(cat nc.pid)"` }), [
    'background-command',
  ]);
  assert.deepEqual(await find({ PostStartupCommand: 'nc -l 9 >log & true', ShutdownCommand }), [
    'background-command',
  ]);
});

test('a tunnel by a program, without Overhead, is found', async () => {
  const find = async (command: string) => {
    const Backend = { Type: 'extension', Requires: [], PostStartupCommand: command };
    const text = JSON.stringify({ Network: '10.50.0.0/16', Backend });
    return (await examineRecipe({ name: 'one.json', text }, 'one')).map(({ code }) => code);
  };
  assert.deepEqual(await find('socat UDP:192.0.2.1:9 "TUN:$SUBNET,up"'), ['missing-overhead']);
  assert.deepEqual(await find('socat tun:10.0.0.1/24 udp-listen:9'), ['missing-overhead']);
  assert.deepEqual(await find('openvpn --config a.conf'), ['missing-overhead']);
  assert.deepEqual(await find('socat - UNIX:/run/x'), []);
});
