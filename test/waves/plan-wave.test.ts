import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProgramCall } from '../../src/compile/call.ts';
import { planWave } from '../../src/waves/plan-wave.ts';
import { joinWords } from '../../src/waves/tools/batch-tool.ts';
import { batchTools } from '../../src/waves/tools/table.ts';

function call(text: string): ProgramCall {
  const [program = '', ...words] = text.split(' ');
  return {
    program,
    arguments: words,
    environment: new Map(),
    stdin: { kind: 'null' },
    stdout: 'stdout',
    stderr: 'stderr',
    span: { offset: 0, length: 0 },
  };
}

/** Each part as text: the tool, its options and its lines, or the call that is executed by itself. */
function plan(...texts: readonly string[]): readonly string[] {
  const calls = texts.map((text, owner) => ({ call: call(text), owner }));
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
  'wg set wg0 peer x remove',
  'awk 1',
];

for (const text of alone) {
  test(`${text} is executed by itself`, () => assert.deepEqual(plan(text, text), ['0 alone', '1 alone']));
}

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
