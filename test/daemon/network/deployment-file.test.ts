import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { noteChange, readDeployment, writeDeployment } from '../../../src/daemon/network/deployment-file.ts';
import type { Deployment } from '../../../src/daemon/network/deployment.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const common = {
  recipe: { file: '/etc/heddle/recipes/a.json', name: 'a', text: '{}' },
  parameterValues: { VNI: 7 },
  networkDocument: '{}',
  store: { kind: 'files', directory: '/srv/store' } as const,
  nodeName: 'node1',
  iface: 'eth0',
  ifaceMtu: 1500,
  mtu: 1450,
  publicIp: '192.0.2.1',
  publicIpv6: null,
  leaseKey: '10.50.1.0-24',
};
const deployment: Deployment = {
  ...common,
  version: 2,
  parts: { device: {}, peers: {}, 'subnet-file': { path: '/run/a.env' } },
};

test('a deployment that was written is read again, and only its owner may read it', async (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(await readDeployment(directory), undefined);
  await writeDeployment(directory, deployment);
  assert.deepEqual(await readDeployment(directory), deployment);
  assert.equal((await stat(join(directory, 'deployment.json'))).mode & 0o777, 0o600);
});

test('the form that knew no parts is read: the device, the peers and the subnet file', async (t) => {
  const directory = temporaryDirectory(t);
  const old = { ...common, version: 1, subnetFile: '/run/a.env' };
  await writeFile(join(directory, 'deployment.json'), JSON.stringify(old));
  assert.deepEqual(await readDeployment(directory), deployment);
  // A step that is noted in it brings it to the present form.
  await noteChange(directory, 'peers');
  const written = JSON.parse(await readFile(join(directory, 'deployment.json'), 'utf8')) as Deployment;
  assert.deepEqual(written, { ...deployment, change: 'peers' });
});

test('the form of a newer heddle is refused in a sentence that says what to do', async (t) => {
  const directory = temporaryDirectory(t);
  await writeFile(join(directory, 'deployment.json'), JSON.stringify({ version: 3, cloth: true }));
  await assert.rejects(readDeployment(directory), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'state-directory');
    assert.match(
      error.message,
      /deployment\.json was written by a newer version of heddle \(format 3; this version reads up to 2\)$/,
    );
    assert.match(error.hint ?? '', /^take the network down with that version/);
    return true;
  });
});

const withoutParts = JSON.stringify({ ...common, version: 2 });
const withoutRecipe = JSON.stringify({ ...deployment, recipe: null });
for (const text of [
  ...['{', 'null', '[]', '{"version":"2"}', '{}', '{"version":2}', '{"version":1}', '{"version":0}'],
  ...['{"version":-1}', '{"version":1.5}', withoutParts, withoutRecipe],
]) {
  test(`a file that holds ${text} is damaged`, async (t) => {
    const directory = temporaryDirectory(t);
    await writeFile(join(directory, 'deployment.json'), text);
    await assert.rejects(readDeployment(directory), /is damaged/);
  });
}
