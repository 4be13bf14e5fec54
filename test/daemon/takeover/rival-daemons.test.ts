import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeDeployment } from '../../../src/daemon/network/deployment-file.ts';
import { deploymentOf } from '../../../src/daemon/network/deployment.ts';
import { factsOfPreparation } from '../../../src/daemon/setup/node-facts.ts';
import type { UpOptions } from '../../../src/daemon/setup/options.ts';
import { requireNoRival } from '../../../src/daemon/takeover/rival-daemons.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { claimInstance } from '../../../src/host/state/instance.ts';
import { Bench } from '../bench.ts';

/** A daemon that lives, with a network of its own; and another that is about to start. */
async function start(
  t: TestContext,
  changes: (rival: UpOptions) => Partial<UpOptions>,
  ofRival: Partial<UpOptions> = {},
) {
  const bench = new Bench(t);
  bench.recipe();
  const stateDirectory = join(bench.directory, 'rival');
  mkdirSync(stateDirectory, { mode: 0o700 });
  const rival = bench.options({ stateDirectory });
  const preparation = await bench.prepare(rival);
  await writeDeployment(
    stateDirectory,
    deploymentOf(
      preparation,
      { ...rival, ...ofRival },
      factsOfPreparation(preparation, rival),
      '10.50.7.0-24',
    ),
  );
  const claim = await claimInstance(stateDirectory, createServer());
  return { preparation, options: bench.options(changes(rival)), stateDirectory, claim };
}

test('a daemon with the same subnet file is refused while the other lives', async (t) => {
  const { preparation, options, stateDirectory, claim } = await start(t, () => ({}));
  await assert.rejects(requireNoRival(preparation, options), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'already-running');
    assert.ok(error.message.includes(stateDirectory) && error.message.includes(options.subnetFile));
    return true;
  });
  await claim.release();
  await requireNoRival(preparation, options);
});

test('a daemon with the same subnet file by another path is refused', async (t) => {
  const { preparation, options, claim } = await start(t, ({ subnetFile }) => {
    mkdirSync(dirname(subnetFile), { recursive: true });
    symlinkSync(dirname(subnetFile), `${dirname(subnetFile)}-link`);
    return { subnetFile: join(`${dirname(subnetFile)}-link`, basename(subnetFile)) };
  });
  await assert.rejects(requireNoRival(preparation, options), /writes the subnet file .*-link\/.* already/);
  await claim.release();
});

test('a daemon with the same CNI list is refused', async (t) => {
  const list = (directory: string) => ({ directory, templateFile: '/nowhere/cni-conf.json', render: false });
  const changes = { cniList: list('/nowhere/net.d') };
  const { preparation, options, claim } = await start(
    t,
    ({ subnetFile }) => ({ ...changes, subnetFile: `${subnetFile}2` }),
    changes,
  );
  await assert.rejects(
    requireNoRival(preparation, options),
    /installs the CNI list \/nowhere\/net\.d\/.* already$/,
  );
  const elsewhere = { ...options, cniList: list('/nowhere/other.d') };
  await assert.rejects(requireNoRival(preparation, elsewhere), /has a lease for the public address/);
  await claim.release();
});

test('a daemon with the same public address in the same store is refused', async (t) => {
  const { preparation, options, claim } = await start(t, ({ subnetFile }) => ({
    subnetFile: `${subnetFile}2`,
  }));
  await assert.rejects(
    requireNoRival(preparation, options),
    /has a lease for the public address .* in the same store$/,
  );
  const elsewhere = { ...preparation, underlay: { ...preparation.underlay, publicIp: '192.0.2.77' } };
  await requireNoRival(elsewhere, options);
  await claim.release();
});

test('a daemon with files of its own, and the daemon itself, do not count as rivals', async (t) => {
  const { preparation, options, claim } = await start(t, ({ subnetFile }) => ({
    subnetFile: `${subnetFile}2`,
    store: { kind: 'files', directory: '/another/store' },
  }));
  await requireNoRival(preparation, options);
  await claim.release();
  const alone = await start(t, ({ stateDirectory }) => ({ stateDirectory }));
  await requireNoRival(alone.preparation, alone.options);
  await alone.claim.release();
});
