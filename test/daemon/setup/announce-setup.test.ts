import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announceSetup } from '../../../src/daemon/setup/announce-setup.ts';
import type { Diagnostic } from '../../../src/diagnostic/diagnostic.ts';
import { Bench } from '../bench.ts';

function warning(name: string, message: string): Diagnostic {
  const source = { name, text: 'first\n  second' };
  return { severity: 'warning', code: 'odd', message, source, span: { offset: 8, length: 6 } };
}

test('a node tells where its network comes from, and which interface it has', async (t) => {
  const bench = new Bench(t);
  const file = bench.recipe();
  const preparation = await bench.prepare();
  announceSetup(preparation, bench.emit);
  const source = preparation.store.description;
  assert.deepEqual(bench.events, [
    { event: 'network-configured', source, network: '10.50.0.0/16', type: 'extension' },
    {
      event: 'interface-chosen',
      iface: 'weft0',
      publicIp: '172.30.0.1',
      mtu: 1500,
      because: 'the test chose it',
    },
  ]);
  const network = { ...preparation.network, isInStore: false };
  announceSetup({ ...preparation, network }, bench.emit);
  assert.equal(bench.told('network-configured')[1]?.source, file);
});

test('warnings about either document have their place, and come once if both documents have them', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const { loaded, network, ...rest } = await bench.prepare();
  announceSetup(
    {
      ...rest,
      loaded: { ...loaded, warnings: [warning('recipe', 'one')] },
      network: { ...network, warnings: [warning('store', 'one'), warning('store', 'two')] },
    },
    bench.emit,
  );
  assert.deepEqual(
    bench.told('finding').map(({ where, message }) => ({ ...where, message })),
    [
      { file: 'recipe', line: 2, column: 3, message: 'one' },
      { file: 'store', line: 2, column: 3, message: 'two' },
    ],
  );
});
