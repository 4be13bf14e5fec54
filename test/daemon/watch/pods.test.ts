import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readCniTemplate } from '../../../src/cni/read-template.ts';
import { raisePodConcern } from '../../../src/daemon/watch/pods.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import { parseCidr } from '../../../src/network/cidr.ts';
import type { SubnetEnvironment } from '../../../src/network/subnet-env.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function cidr(text: string) {
  const read = parseCidr(text);
  assert.ok(read !== undefined);
  return read;
}

const node: SubnetEnvironment = {
  ipv4: { network: cidr('10.50.0.0/16'), subnet: cidr('10.50.1.0/24') },
  ipv6: undefined,
  mtu: 1400,
  ipMasq: false,
};

/** Puts a program `ip` first on PATH that shows the bridge cni0 with ports of these MTUs. */
function showPorts(t: TestContext, mtus: readonly number[]): void {
  const directory = temporaryDirectory(t);
  const address = { family: 'inet', local: '10.50.1.1', prefixlen: 24, valid_life_time: 4294967295 };
  const bridge = { ifname: 'cni0', mtu: 1400, flags: ['UP'], link_type: 'ether', addr_info: [address] };
  writeFileSync(join(directory, 'bridge'), JSON.stringify([bridge]));
  writeFileSync(join(directory, 'ports'), JSON.stringify(mtus.map((mtu) => ({ mtu }))));
  const script = `#!/bin/sh\ncase "$*" in *address*) cat ${directory}/bridge ;; *) cat ${directory}/ports ;; esac\n`;
  writeFileSync(join(directory, 'ip'), script, { mode: 0o755 });
  const before = process.env['PATH'] ?? '';
  process.env['PATH'] = `${directory}:${before}`;
  t.after(() => (process.env['PATH'] = before));
}

/** The reasons of the concerns about pods whose links have these MTUs; new pods get 1400. */
async function concernsOf(t: TestContext, mtus: readonly number[]): Promise<readonly string[]> {
  showPorts(t, mtus);
  const text = JSON.stringify({ name: 'cbr0', cniVersion: '1.0.0', plugins: [{ type: 'flannel' }] });
  const template = readCniTemplate({ name: 'cni-conf.json', text });
  assert.ok(template.kind === 'valid');
  const concerns = new Concerns(
    () => undefined,
    () => undefined,
    () => 0,
  );
  const old = { about: 'cni0', because: 'an earlier look', hint: '' };
  concerns.set('outdated-pods', [old]);
  await raisePodConcern(template.value, node, concerns);
  return concerns.all.map(({ because }) => because);
}

for (const [what, mtus] of [
  ['without pods', []],
  ['with the MTU of new pods', [1400, 1400]],
  ['with a smaller MTU than new ones, whose packets pass', [1300, 1350]],
  ['with a smaller MTU and with that of new pods', [1400, 1280]],
] as const) {
  test(`a bridge ${what} is not a concern`, async (t) => {
    assert.deepEqual(await concernsOf(t, mtus), []);
  });
}

test('pods with a greater MTU than new ones are counted, and those with a smaller one are not', async (t) => {
  assert.deepEqual(await concernsOf(t, [1300, 1450, 1400, 1500, 1450]), [
    '3 pods on cni0 still have the MTU 1450 and 1500; new pods get 1400',
  ]);
  assert.deepEqual(await concernsOf(t, [1300, 1450]), [
    '1 pod on cni0 still has the MTU 1450; new pods get 1400',
  ]);
});
