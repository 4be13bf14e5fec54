import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AddressWatch } from '../../../src/daemon/watch/address-watch.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** A watch whose program is shell text, in a directory of its own; it counts the changes that it tells. */
function watch(t: TestContext, command: string) {
  const directory = temporaryDirectory(t);
  const told = { changes: 0 };
  const addresses = new AddressWatch({
    stateDirectory: directory,
    command,
    onChange: () => (told.changes += 1),
  });
  t.after(() => addresses.stop());
  return { directory, told, addresses };
}

test('lines that come at once are one change, and none is told after the end', async (t) => {
  const { directory, told, addresses } = watch(
    t,
    'echo "$IFACE" >iface; echo gone; echo come; exec sleep 60',
  );
  addresses.start('weft0');
  await until('the change', () => told.changes > 0);
  assert.equal(told.changes, 1);
  assert.equal(readFileSync(join(directory, 'iface'), 'utf8'), 'weft0\n');
  await addresses.stop();
  assert.equal(told.changes, 1);
});

test('another interface takes the place of the first', async (t) => {
  const { directory, addresses } = watch(t, 'echo "$IFACE" >>ifaces; exec sleep 60');
  const listened = (): string =>
    existsSync(join(directory, 'ifaces')) ? readFileSync(join(directory, 'ifaces'), 'utf8') : '';
  addresses.start('weft0');
  await until('the first', () => listened() === 'weft0\n');
  addresses.start('weft1');
  await until('the second', () => listened() === 'weft0\nweft1\n');
});

test('a program that ended is started again', async (t) => {
  const { told, addresses } = watch(t, 'echo line');
  addresses.start('weft0');
  await until('two changes', () => told.changes > 1);
});
