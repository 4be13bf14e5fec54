import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import type { LiveNetwork, Look, PartTrouble } from '../../../../src/daemon/network/parts/part.ts';
import { subnetFilePart } from '../../../../src/daemon/network/parts/subnet-file.ts';
import { Bench } from '../../bench.ts';
import { standNetwork } from '../network-bench.ts';

const { signal } = new AbortController();
/** The file says nothing about the kernel. */
const look: Look = { see: () => Promise.reject(new Error('nobody has to look')) };
const content =
  'FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=10.50.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n';

async function start(t: Parameters<typeof standNetwork>[0]): Promise<{ bench: Bench; network: LiveNetwork }> {
  const bench = new Bench(t);
  bench.recipe();
  return { bench, network: await standNetwork(t, bench) };
}

test('the file is written with the subnet and the MTU, with its directory', async (t) => {
  const { bench, network } = await start(t);
  await subnetFilePart.up(network, signal);
  assert.equal(readFileSync(bench.subnetFile, 'utf8'), content);
});

test('the MTU in the file is the one that the device showed', async (t) => {
  const { bench, network } = await start(t);
  network.commands.learn({ mtus: { ipv4: 1300, ipv6: 1280 } });
  await subnetFilePart.up(network, signal);
  assert.match(readFileSync(bench.subnetFile, 'utf8'), /FLANNEL_MTU=1280/);
});

test('a file that is as it was written is whole', async (t) => {
  const { network } = await start(t);
  await subnetFilePart.up(network, signal);
  const mayRepair = (): boolean => assert.fail('nothing is to be repaired');
  assert.deepEqual(await subnetFilePart.ensure(network, look, mayRepair, signal), { kind: 'whole' });
});

for (const [what, harm] of [
  ['removed', (path: string) => rmSync(path)],
  ['changed', (path: string) => writeFileSync(path, 'FLANNEL_MTU=9000\n')],
] as const) {
  test(`a file that was ${what} is written again, if that may be`, async (t) => {
    const { bench, network } = await start(t);
    await subnetFilePart.up(network, signal);
    harm(bench.subnetFile);
    const told: PartTrouble[] = [];
    const may =
      (answer: boolean) =>
      (trouble: PartTrouble): boolean => {
        told.push(trouble);
        return answer;
      };
    const left = await subnetFilePart.ensure(network, look, may(false), signal);
    const trouble = {
      because: `${bench.subnetFile} is missing, or does not have the subnet and the MTU of this node`,
      detail: '',
    };
    assert.deepEqual(left, { kind: 'broken', trouble });
    const outcome = await subnetFilePart.ensure(network, look, may(true), signal);
    assert.deepEqual(outcome, { kind: 'repaired' });
    assert.deepEqual(told, [trouble, trouble]);
    assert.equal(readFileSync(bench.subnetFile, 'utf8'), content);
  });
}

test('a file that cannot be written says why, and can be later', async (t) => {
  const { bench, network } = await start(t);
  const directory = dirname(bench.subnetFile);
  writeFileSync(directory, '');
  await assert.rejects(
    subnetFilePart.up(network, signal),
    /^Failure: the subnet file .* cannot be written: /,
  );
  const outcome = await subnetFilePart.ensure(network, look, () => true, signal);
  assert.ok(outcome.kind === 'broken');
  assert.match(outcome.trouble.because, /cannot be written/);
  rmSync(directory);
  assert.deepEqual(await subnetFilePart.ensure(network, look, () => true, signal), { kind: 'repaired' });
});

test('taking the file away goes by what was remembered, not by the options of now', async (t) => {
  const { bench, network } = await start(t);
  await subnetFilePart.up(network, signal);
  const memory = subnetFilePart.remember(network.options);
  const options = { ...network.options, subnetFile: '/nowhere/subnet.env' };
  const elsewhere = { ...network, options };
  assert.deepEqual(await subnetFilePart.down(elsewhere, memory), { kind: 'gone' });
  assert.equal(existsSync(bench.subnetFile), false);
  assert.deepEqual(await subnetFilePart.down(network, memory), { kind: 'gone' }, 'and again');
});

test('forgetting a network removes its file, because a restart of the machine would keep it', async (t) => {
  const { bench, network } = await start(t);
  await subnetFilePart.up(network, signal);
  await subnetFilePart.forget(subnetFilePart.remember(network.options), network.own, bench.emit);
  assert.equal(existsSync(bench.subnetFile), false);
});

test('a directory in the place of the file is told, and no reason to keep the network', async (t) => {
  const { bench, network } = await start(t);
  mkdirSync(bench.subnetFile, { recursive: true });
  assert.deepEqual(await subnetFilePart.down(network, { path: bench.subnetFile }), { kind: 'gone' });
  assert.match(bench.warnings[0] ?? '', /^the subnet file .* stays: /);
});

describe('a file of another network', () => {
  for (const [what, text, stays] of [
    ['another subnet of the same network', content.replace('10.50.1.1', '10.50.2.1'), true],
    ['another network', content.replaceAll('10.50.', '10.60.'), true],
    [
      'this subnet and an IPv6 subnet',
      `FLANNEL_IPV6_NETWORK=fd00::/48\nFLANNEL_IPV6_SUBNET=fd00::1/64\n${content}`,
      true,
    ],
    ['this subnet and another MTU', content.replace('1450', '1300'), false],
    ['nothing that is usable', 'FLANNEL_MTU=9000\n', false],
    ['nothing', '', false],
  ] as const) {
    test(`a file with ${what} ${stays ? 'stays, with a warning' : 'is removed'}`, async (t) => {
      const { bench, network } = await start(t);
      await subnetFilePart.up(network, signal);
      writeFileSync(bench.subnetFile, text);
      assert.deepEqual(await subnetFilePart.down(network, { path: bench.subnetFile }), { kind: 'gone' });
      assert.equal(existsSync(bench.subnetFile), stays);
      assert.deepEqual(
        bench.warnings.map((warning) =>
          warning.includes(' stays: it belongs to another network, with the subnet '),
        ),
        stays ? [true] : [],
      );
    });
  }
});

test('a memory without a path is refused with what to do', async (t) => {
  const { network } = await start(t);
  for (const memory of [null, {}, { path: 7 }]) {
    await assert.rejects(subnetFilePart.down(network, memory), /does not say where the subnet file is/);
  }
});
