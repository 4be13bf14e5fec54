import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { isIdentityShared, noteSharedIdentity } from '../../../src/daemon/network/shared-identity.ts';
import { takeLease } from '../../../src/daemon/network/take-lease.ts';
import { ContentSlot } from '../../../src/store/content-slot.ts';
import { cidr } from '../../lease/fixtures.ts';
import { Bench } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';

const copied = '02:00:00:00:00:07';

/** PreStartup makes a MAC address and keeps it. */
const macOverlay = {
  ...fileOverlay,
  PreStartupCommand: [
    'echo pre-startup >> log',
    'test -e mac || od -An -N5 -tx1 /dev/urandom | sed "s/ /:/g; s/^/02/" > mac',
    'cat mac',
  ],
};

/**
 * Takes a lease on a machine whose files have a MAC address that the node 172.30.0.`node` has in its lease 10.50.9.0/24. With `own`, this node
 * has a lease with that address already, and has read only this one.
 */
async function takeWith(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  {
    node = 9,
    hint,
    backend = macOverlay,
    own = false,
  }: { node?: number; hint?: string; backend?: object; own?: boolean } = {},
) {
  const bench = new Bench(t);
  bench.recipe(backend);
  await bench.lease(9, node, copied);
  for (const [name, text] of Object.entries(files)) bench.put(name, text);
  const options = bench.options();
  const preparation = await bench.prepare(options);
  const contentSlot = new ContentSlot();
  if (own) {
    await bench.lease(8, 1, copied);
    contentSlot.keep({ kind: 'own-lease', record: await preparation.store.readLease('10.50.8.0-24') });
  }
  const leasedNetwork = takeLease({
    preparation,
    options,
    commands: bench.runner(preparation),
    hint: hint === undefined ? undefined : { ipv4: cidr(hint), ipv6: undefined },
    earlier: undefined,
    isTakeover: false,
    mayUndo: () => true,
    isFirst: true,
    contentSlot,
    enter: () => undefined,
    emit: bench.emit,
    signal: new AbortController().signal,
  });
  const published = leasedNetwork.then(
    ({ record }) => (JSON.parse(record.value) as { BackendData: string }).BackendData,
  );
  published.catch(() => undefined);
  const folders = (): readonly string[] =>
    readdirSync(bench.stateDirectory).filter((name) => name.startsWith('set-aside-'));
  return { bench, published, folders };
}

test('a MAC address that another node has is made new, and the earlier files are kept', async (t) => {
  for (const hint of [undefined, '10.50.9.0/24']) {
    const { bench, published, folders } = await takeWith(
      t,
      { mac: copied, journal: '' },
      { ...(hint && { hint }) },
    );
    assert.match(await published, /^02(:[0-9a-f]{2}){5}$/);
    assert.notEqual(await published, copied);
    const [folder = ''] = folders();
    assert.equal(bench.read(`${folder}/mac`), copied);
    assert.equal(bench.read('journal'), '');
    assert.match(
      bench.warnings[0] ?? '',
      /^this node has the same backend data 02:00:00:00:00:07 as the node at 172\.30\.0\.9 with the lease 10\.50\.9\.0-24: .* earlier files in .*set-aside-/,
    );
    assert.deepEqual(bench.lines(`${folder}/log`), ['pre-startup', 'shutdown ']);
  }
});

test('this node’s earlier lease with the same address is not another node’s', async (t) => {
  const { bench, published, folders } = await takeWith(t, { mac: copied }, { node: 1 });
  assert.equal(await published, copied);
  assert.deepEqual([folders(), bench.warnings], [[], []]);
});

test('a value that PreStartup does not make is refused, and every file is where it was', async (t) => {
  const backend = { ...fileOverlay, PreStartupCommand: [`echo ${copied}`, 'echo made > made'] };
  for (const files of [{}, { other: 'kept' }]) {
    const { bench, published, folders } = await takeWith(t, files, { backend });
    await assert.rejects(published, {
      kind: 'state-directory',
      message: /^this node has the same backend data .* and PreStartupCommand does not make another one$/,
    });
    assert.deepEqual([folders(), bench.read('made')], [[], 'made\n']);
    assert.equal(bench.read('other'), Object.hasOwn(files, 'other') ? 'kept' : undefined);
  }
});

test('the lease that this node had with another address does not keep it from starting', async (t) => {
  const backend = { ...fileOverlay, PreStartupCommand: [`echo ${copied}`] };
  const { bench, published } = await takeWith(t, {}, { backend, hint: '10.50.9.0/24' });
  assert.equal(await published, copied);
  assert.deepEqual(bench.warnings, []);
});

test('a restart makes another MAC address than a copy has, if the copy was seen while the node ran', async (t) => {
  const unseen = await takeWith(t, { mac: copied }, { own: true });
  assert.equal(await unseen.published, copied);
  const seen = await takeWith(t, { mac: copied, '.shared-identity': '' }, { own: true });
  assert.match(await seen.published, /^02(:[0-9a-f]{2}){5}$/);
  assert.notEqual(await seen.published, copied);
  assert.equal(isIdentityShared(seen.bench.stateDirectory), false);
  noteSharedIdentity(seen.bench.stateDirectory);
  noteSharedIdentity(seen.bench.stateDirectory);
  assert.equal(isIdentityShared(seen.bench.stateDirectory), true);
});
