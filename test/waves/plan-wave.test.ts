import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProgramCall } from '../../src/compile/call.ts';
import { planWave } from '../../src/waves/plan-wave.ts';
import { joinWords } from '../../src/waves/tools/batch-tool.ts';
import { batchTools } from '../../src/waves/tools/table.ts';

function call(text: string, stdin = '', environment: ProgramCall['environment'] = new Map()): ProgramCall {
  const [program = '', ...words] = text.split(' ');
  return {
    program,
    arguments: words,
    environment,
    stdin: { kind: 'text', text: stdin },
    stdout: 'stdout',
    stderr: 'stderr',
    span: { offset: 0, length: 0 },
  };
}

function plan(...texts: readonly string[]): readonly string[] {
  return planCalls(texts.map((text) => call(text)));
}

/** Each part as text: the tool, its options and its lines, or the call that is executed by itself. */
function planCalls(list: readonly ProgramCall[]): readonly string[] {
  const calls = list.map((each, owner) => ({ call: each, owner }));
  return planWave(calls, batchTools).map((part) =>
    part.kind === 'alone'
      ? `${part.owner} alone`
      : [
          part.tool.program,
          ...part.options,
          ':',
          part.lines.map(({ line, owner }) => `${owner} ${line}`).join('; '),
        ].join(' '),
  );
}

test('calls share a process if they call one program with the same options', () => {
  assert.deepEqual(
    plan(
      'ip route add a',
      'ip -6 route add b',
      'ip neigh replace c',
      'bridge fdb add d',
      'ip -6 neigh del e',
      'bridge fdb del f',
    ),
    [
      'ip : 0 route add a; 2 neigh replace c',
      'ip -6 : 1 route add b; 4 neigh del e',
      'bridge : 3 fdb add d; 5 fdb del f',
    ],
  );
});

test('a call that is the only one of its process is executed by itself', () => {
  assert.deepEqual(plan('ip route add a', 'bridge fdb add b'), ['0 alone', '1 alone']);
});

const alone = [
  'ip route get 10.0.0.1',
  'ip route show',
  'ip route flush dev x',
  'ip netns exec a b',
  'ip monitor',
  'ip -batch file',
  'bridge vlan add vid 1 dev x',
  'arp -s host.example 02:00:00:00:00:01',
  'arp -s 10.0.0.1 not-a-mac',
  'arp -d 10.0.0.1',
  'arp -s 10.0.0.1 02:00:00:00:00:01 pub netmask 255.0.0.0',
  'wg set wg0 private-key file peer x',
  'wg set wg0 peer x endpoint host.example:51820',
  'wg set wg0 peer x preshared-key /dev/stdin',
  'wg set wg0 peer x allowed-ips',
  'wg syncconf wg0 /dev/stdin',
  'nft -f file',
  'nft list ruleset',
  'nft add element ip t s { $x }',
  'nft add element ip t s { 10.0.0.1 }; flush ruleset',
  'nft add rule ip t c index 0 accept',
  'nft add rule ip t c counter; flush ruleset',
  'awk 1',
];

for (const text of alone) {
  test(`${text} is executed by itself`, () => assert.deepEqual(plan(text, text), ['0 alone', '1 alone']));
}

test('peers of a WireGuard device share a process, and elements and rules of nftables do', () => {
  assert.deepEqual(
    plan(
      'wg set wg0 peer a endpoint 192.0.2.1:51820 allowed-ips 10.0.0.0/24,fd00::/64',
      'wg set wg1 peer b endpoint [2001:db8::1]:51820 preshared-key psk',
      'wg set wg0 peer c remove',
      'wg set wg1 peer d persistent-keepalive off',
      'nft add element ip t s { 10.0.0.0/24 }',
      'nft delete element inet t m {10.0.0.1 . 80, 10.0.0.2 . 80}',
      'nft add rule ip t c ip saddr 10.0.0.0/24 counter accept',
    ),
    [
      'wg set wg0 : 0 peer a endpoint 192.0.2.1:51820 allowed-ips 10.0.0.0/24,fd00::/64; 2 peer c remove',
      'wg set wg1 : 1 peer b endpoint [2001:db8::1]:51820 preshared-key psk; 3 peer d persistent-keepalive off',
      'nft : 4 add element ip t s { 10.0.0.0/24 }\n; 5 delete element inet t m {10.0.0.1 . 80, 10.0.0.2 . 80}\n; ' +
        '6 add rule ip t c ip saddr 10.0.0.0/24 counter accept\n',
    ],
  );
});

const addconf = 'wg addconf wg0 /dev/stdin';

test('configurations that only add peers share a process', () => {
  const section = '[Peer]\nPublicKey = a= # a node\nEndpoint = 192.0.2.1:51820\nAllowedIPs = 10.0.0.0/24\n';
  assert.deepEqual(planCalls([call(addconf, section), call(addconf, section)]), [
    `${addconf} : 0 ${section}; 1 ${section}`,
  ]);
  for (const other of [
    section.trimEnd(),
    `# first\n${section}`,
    `${section}[Interface]\nListenPort = 1\n`,
    `${section}[ Inter face ]\n`,
    section.replace('192.0.2.1', 'host.example'),
    `${section}Other = 1\n`,
    '',
  ]) {
    assert.deepEqual(planCalls([call(addconf, other), call(addconf, other)]), ['0 alone', '1 alone'], other);
  }
});

test('a call whose environment alters its program is executed by itself', () => {
  const shared = new Map([['ADDR', '10.0.0.1']]);
  assert.deepEqual(planCalls([call('ip route add a', '', shared), call('ip route add b')]), [
    'ip : 0 route add a; 1 route add b',
  ]);
  const own = new Map([['LD_PRELOAD', '/x']]);
  assert.deepEqual(planCalls([call('ip route add a', '', own), call('ip route add b', '', own)]), [
    '0 alone',
    '1 alone',
  ]);
});

test('the words of a process are as many as a script can hold', () => {
  const key = Buffer.alloc(32).toString('base64');
  const parts = plan(...Array.from({ length: 2500 }, () => `wg set wg0 peer ${key} allowed-ips 10.0.0.0/24`));
  assert.ok(parts.length > 1);
  assert.ok(parts.every((part) => part.length < 120_000));
});

test('a word that could mean more in a line is executed as an argument', () => {
  for (const word of ['', 'a b', 'a\nb', '#x', "'", '"', '\\', 'a;b', '$x', '*', 'é', '\t'])
    assert.equal(joinWords(['route', 'add', word]), undefined, JSON.stringify(word));
});

test('every word that enters a line comes out of it as it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 6, unit: 'binary' }), { minLength: 1, maxLength: 5 }),
      (words) => {
        const line = joinWords(words);
        if (line !== undefined) assert.deepEqual(line.split(' '), words);
        assert.ok(line === undefined || !/[\n"'#\\]/.test(line));
      },
    ),
  );
});
