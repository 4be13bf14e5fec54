import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { TrafficWatch } from '../../../src/daemon/watch/traffic-watch.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import type { NetworkRules } from '../../../src/host/traffic/keep-rules.ts';
import { noFamily } from '../../../src/network/per-family.ts';
import { listTrafficRules } from '../../../src/traffic/rule.ts';
import { cidr } from '../../lease/fixtures.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const network = cidr('10.50.0.0/16');
const own = cidr('10.50.4.0/24');

/** A program in the place of nft: it shows what files say, and monitors until it is told to print a line. */
const nft = `#!/bin/sh
cd "$(dirname "$0")" || exit
case $* in
monitor) echo ready >monitoring; while :; do cat line 2>/dev/null && rm line; sleep 0.02; done ;;
*'list chains') cat chains ;;
*'list table ip heddle-ipv4') echo 'No such file or directory' >&2; exit 1 ;;
*'list table inet guard') cat table ;;
esac
`;

const hook = { family: 'inet', table: 'guard', name: 'passing', type: 'filter', hook: 'forward', prio: 0 };

/** A watch with an interval of an hour, unless another is given. `asks` counts its requests. */
function watch(t: TestContext, rules: NetworkRules, policy: 'accept' | 'drop', resyncMs = 3_600_000) {
  const directory = temporaryDirectory(t);
  const file = (name: string): string => join(directory, name);
  const show = (to: 'accept' | 'drop'): void => {
    const listing = JSON.stringify({ nftables: [{ chain: { ...hook, policy: to } }] });
    writeFileSync(file('chains'), listing);
    writeFileSync(file('table'), listing);
  };
  show(policy);
  writeFileSync(file('nft'), nft);
  chmodSync(file('nft'), 0o755);
  const { PATH } = process.env;
  process.env['PATH'] = `${directory}:${PATH ?? ''}`;
  const concerns = new Concerns(
    () => undefined,
    () => undefined,
    () => 0,
  );
  const told = { asks: 0 };
  const watching = new TrafficWatch({
    rules: () => rules,
    ranges: [{ network, own }],
    resyncMs,
    stateDirectory: directory,
    concerns,
    ask: () => (told.asks += 1),
  });
  t.after(async () => {
    await watching.stop();
    process.env['PATH'] = PATH;
  });
  const tell = (): void => writeFileSync(file('line'), 'add rule\n');
  const listens = (): boolean => readFileSync(file('monitoring'), { encoding: 'utf8', flag: 'a+' }) !== '';
  const remove = (): void => rmSync(file('nft'));
  return { watching, told, concerns, show, tell, listens, remove };
}

const wanted: NetworkRules = {
  rules: {
    ipv4: listTrafficRules(network, own, { masquerade: true, fullyRandom: true, forward: true }),
    ipv6: undefined,
  },
  enableNftables: true,
  chainSuffix: '',
};

test('a line of the monitor leads to a look, which asks for a repair of rules that are missing', async (t) => {
  const { watching, told, tell, listens } = watch(t, wanted, 'accept');
  watching.start();
  await until('the first look', () => told.asks === 1);
  await until('the monitor', listens);
  tell();
  await until('the second look', () => told.asks === 2);
  await watching.stop();
  tell();
  assert.equal(told.asks, 2);
});

test('a chain that drops is a concern until it accepts', async (t) => {
  const none: NetworkRules = { ...wanted, rules: noFamily };
  const { watching, told, concerns, show } = watch(t, none, 'drop', 50);
  watching.start();
  await until('the concern', () => concerns.all.length > 0);
  const [concern] = concerns.all;
  assert.deepEqual(
    [concern?.kind, concern?.about, concern?.because],
    [
      'firewall',
      'the chain passing of the nftables table inet guard, IPv4',
      'the chain passing of the nftables table inet guard drops packets from 10.50.4.0/24 to 10.50.0.0/16',
    ],
  );
  assert.match(
    concern?.hint ?? '',
    /: nft insert rule inet guard passing ip saddr 10\.50\.0\.0\/16 accept && /,
  );
  show('accept');
  await until('its end', () => concerns.all.length === 0);
  assert.equal(told.asks, 0);
});

test('a program that fails ends neither the watch nor an earlier concern', async (t) => {
  const { watching, told, concerns, remove } = watch(t, wanted, 'drop');
  concerns.set('firewall', [{ about: 'a chain', because: 'it drops', hint: 'accept' }]);
  remove();
  watching.start();
  await until('a look', () => told.asks > 0);
  assert.equal(concerns.all.length, 1);
});
