import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { followScript } from '../../src/doctor/devices/follow-script.ts';
import {
  planDevices,
  type DevicePlan,
  type PlannedDevice,
} from '../../src/doctor/devices/planned-devices.ts';
import { unknownText } from '../../src/doctor/devices/script-state.ts';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';

describe('the calls of a script', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    // Branches that are known, and both where only a run tells.
    ['a branch that is taken', 'if [ "$A" = a ]; then p 1; else p 2; fi', ['p 1']],
    ['a branch that is not taken', 'if [ "$A" != a ]; then p 1; elif [ -n "$A" ]; then p 2; fi', ['p 2']],
    ['no branch', 'if [ -z "$A" ]; then p 1; fi', []],
    ['both branches', 'if [ "$(q)" = a ]; then p 1; else p 2; fi', ['q', 'p 1', 'p 2']],
    ['a value that one branch changes', 'if q; then B=1; fi; p "$B"', ['q', 'p ?']],
    ['a value that no branch changes', 'if q; then B=1; fi; p "$A"', ['q', 'p a']],
    ['an and, and an or', '[ "$A" = a ] && p 1; [ "$A" = a ] || p 2; ! false && p 3', ['p 1', 'p 3']],
    ['an and after a program', 'q && B=1; p $B', ['q', 'p ?']],
    // Cases.
    ['a case', 'case $A in b) p 1 ;; a | c) p 2 ;; *) p 3 ;; esac', ['p 2']],
    ['no other case', 'case $A in b) p 1 ;; *) p 2 ;; esac', ['p 2']],
    ['a case with a pattern', 'case $A in a*) B=1 ;; *) B=2 ;; esac; p $B', ['p ?']],
    ['an unknown case', 'case $(q) in a) p 1 ;; *) p 2 ;; esac', ['q', 'p 1', 'p 2']],
    // Functions, their arguments and their own variables.
    ['a function', 'f() { p "$2" "$1"; }; f 1 2; p "$1"', ['p 2 1', 'p ']],
    ['a function in a function', 'f() { p "$1"; }; g() { f "$1$1"; p "$1"; }; g 1', ['p 11', 'p 1']],
    ['a function that nothing calls', 'f() { p 1; }', []],
    ['a value that a function sets', 'f() { A=b; }; f; p $A', ['p b']],
    ['a value of a function alone', 'f() { local A=b; p $A; }; f; p $A', ['p b', 'p a']],
    ['a value of a command alone', 'A=b p "$A"; p "$A"', ['p a', 'p a']],
    ['arguments one by one', 'f() { for x in "$@"; do p "$x"; done; }; f 1 "2 3"', ['p 1', 'p 2 3']],
    [
      'arguments that are set',
      'f() { set -- b c; p "$1"; }; f 1; set -e; p "$A"',
      ['set -- b c', 'p ?', 'set -e', 'p a'],
    ],
    ['arguments that are shifted', 'f() { shift; p "$1"; }; f 1 2', ['shift', 'p ?']],
    // Loops.
    ['a loop over words', 'for x in 1 $B 2; do p $x; done', ['p 1', 'p 2']],
    ['a loop over an unknown word', 'for x in $(q); do B=1; p $x; done; p $B', ['q', 'p ?', 'p ?']],
    ['a loop', 'while q; do B=1; done; p $B', ['q', 'p ?']],
    // Ends, and shells of their own.
    ['what follows an exit', 'p 1; exit 0; p 2', ['p 1', 'exit 0']],
    ['what follows an exit that may not happen', 'q || exit 1; p 2', ['q', 'exit 1', 'p 2']],
    ['what follows an exit in a branch that is taken', 'if [ "$A" = a ]; then exit; fi; p 2', ['exit']],
    ['what follows an exit of a subshell', '(exit 1; p 1); p 2', ['exit 1', 'p 2']],
    ['what follows an exit in a function', 'f() { exit; }; f; p 2', ['exit']],
    ['what follows a return', 'f() { return 0; p 1; }; f; p 2', ['return 0', 'p 2']],
    ['what follows an exec', 'exec 3<&-; p 1; exec p 2; p 3', ['p 1', 'p 2']],
    ['a value of a subshell', '(B=1; p $B); p "$B"; echo | B=2; p "$B"', ['p 1', 'p ', 'echo', 'p ']],
    ['a value of a substitution', 'B=1; p "$(B=2; q)" "$B"', ['q', 'p ? 1']],
    // Expansion.
    ['a word that is split', 'B="1 2"; p $B; p "$B"; p x$A', ['p 1 2', 'p 1 2', 'p xa']],
    ['a default', 'p "${B:-1}" "${A:-2}" "${B-3}"', ['p 1 a 3']],
    ['a default of an empty value', 'B=; p "${B-1}" "${B:-2}"', ['p  2']],
    ['a default that stays', ': "${B:=1}"; p "$B"', ['p 1']],
    ['an operator that is not followed', 'p "${A%a}" "$((1 + 1))" "$?"', ['p ? ? ?']],
    ['a value that is read', 'read -r B; p "$B"', ['read -r B', 'p ?']],
    ['a program by way of command', 'command p 1; exec p 2', ['p 1', 'p 2']],
    ['a part that is unreadable', "p 1; p '2", ['p 1']],
    ['nothing', '', []],
  ];
  for (const [name, script, calls] of cases) {
    test(`${name}: ${script}`, () => {
      const followed = followScript(script, { A: 'a' }).map((words) => words.join(' '));
      assert.deepEqual(
        followed.map((words) => words.replaceAll(unknownText, '?')),
        calls,
      );
    });
  }

  test('functions that call themselves come to an end', () => {
    const calls = followScript('f() { p; f; f; }; f', {});
    assert.ok(calls.length > 1 && calls.length <= 2000, String(calls.length));
  });
});

/** The devices that PreStartupCommand creates. */
function plan(text: string): DevicePlan {
  const span = { offset: 0, length: text.length };
  const command = { name: 'PreStartupCommand', form: 'string', lines: [{ text, span }] } as const;
  return planDevices({ commands: { PreStartupCommand: command } }, {});
}

test('a command of ip tells name, kind, VNI, port, MTU and address, in each of its forms', () => {
  const cases: readonly (readonly [string, Partial<PlannedDevice>])[] = [
    ['ip link add a type vxlan id 7 dstport 4789', { name: 'a', kind: 'vxlan', vni: 7, port: 4789 }],
    ['ip li ad name a type vxlan vni 7', { name: 'a', vni: 7, port: 8472 }],
    [
      'ip link add dev a mtu 1400 address 02:00:00:00:00:01 type vxlan id 7 dstport 0',
      { name: 'a', mtu: 1400, hasAddress: true, port: 8472 },
    ],
    [
      'ip -4 link add link eth0 name a type vlan id 7',
      { name: 'a', kind: 'vlan', vni: undefined, port: undefined },
    ],
    ['ip link add mtu 1400 type vxlan id 7', { name: undefined, vni: 7, hasAddress: false }],
    ['ip link add a type vxlan external', { vni: undefined, port: 8472 }],
    ['ip link add a type vxlan id $(q) dstport $(q)', { name: 'a', vni: undefined, port: undefined }],
    ['ip link add "$(q)" type geneve id 1', { name: undefined, kind: 'geneve', vni: undefined, port: 6081 }],
    ['ip link add a type wireguard; wg set a listen-port 51820', { kind: 'wireguard', port: 51820 }],
    ['ip link add a type wireguard; wg set b listen-port 51820', { kind: 'wireguard', port: undefined }],
  ];
  for (const [command, fields] of cases) {
    const [device, ...others] = plan(command).devices;
    assert.ok(device, command);
    assert.deepEqual({ ...device, ...fields }, device, command);
    assert.deepEqual(others, [], command);
  }
  for (const other of [
    'ip link set a up',
    'ip address add 10.0.0.1/8 dev a',
    'ip link add a',
    'ip link add a type "$(q)"',
    'ip -n other link add a type vxlan id 1',
  ]) {
    assert.deepEqual(plan(other).devices, [], other);
  }
});

describe('the devices of a recipe of heddle', () => {
  function devicesOf(name: string, variables: Readonly<Record<string, string>>): readonly string[] {
    const text = readFileSync(new URL(`../../recipes/${name}.json`, import.meta.url), 'utf8');
    const checked = parseRecipe({ name: `${name}.json`, text }, name);
    assert.equal(checked.kind, 'valid');
    const { devices } = planDevices(checked.value, variables);
    return devices.map(({ name, kind, vni, port, mtu, hasAddress }) =>
      [name, kind, vni, port, mtu, hasAddress].map(String).join(' '),
    );
  }

  const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
    ['host-gw', { NETWORK: '10.50.0.0/16' }, []],
    [
      'vxlan',
      { NETWORK: '10.50.0.0/16', VNI: '1', PORT: '8472', MTU: '1450' },
      ['flannel.1 vxlan 1 8472 1450 true'],
    ],
    [
      'vxlan',
      {
        NETWORK: '10.50.0.0/16',
        IPV6_NETWORK: 'fd00::/48',
        VNI: '16777215',
        PORT: '65535',
        MTU: '1450',
        MTU_V6: '1430',
        GBP: 'true',
      },
      [
        'flannel.16777215 vxlan 16777215 65535 1450 true',
        'flannel-v6.16777215 vxlan 16777215 65535 1430 true',
      ],
    ],
    ['vxlan', { VNI: '1', PORT: '8472' }, []],
    [
      'wireguard',
      {
        NETWORK: '10.50.0.0/16',
        IPV6_NETWORK: 'fd00::/48',
        MODE: 'separate',
        LISTEN_PORT: '51820',
        LISTEN_PORT_V6: '51821',
      },
      [
        'flannel-wg wireguard undefined 51820 undefined false',
        'flannel-wg-v6 wireguard undefined 51821 undefined false',
      ],
    ],
    [
      'wireguard',
      { NETWORK: '10.50.0.0/16', IPV6_NETWORK: 'fd00::/48', MODE: 'auto', LISTEN_PORT: '1' },
      ['flannel-wg wireguard undefined 1 undefined false'],
    ],
    [
      'wireguard',
      { IPV6_NETWORK: 'fd00::/48', MODE: 'separate', LISTEN_PORT_V6: '7' },
      ['flannel-wg-v6 wireguard undefined 7 undefined false'],
    ],
  ];
  for (const [name, variables, devices] of cases) {
    test(`${name} with ${JSON.stringify(variables)}`, () => {
      assert.deepEqual(devicesOf(name, variables), devices);
    });
  }

  test('a recipe that calls wireguard-go can do without the module', () => {
    assert.equal(plan('q || wireguard-go a').usesWireguardGo, true);
    assert.equal(plan('wireguard a').usesWireguardGo, false);
  });
});
