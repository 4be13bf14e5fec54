import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addStoreOptions, chooseStore } from '../../../src/cli/arguments/store-options.ts';
import { findOptionsInForce, listOptionsInForce } from '../../../src/cli/up/options-in-force.ts';
import { renderEvent } from '../../../src/event/human.ts';
import { given } from '../../recipe/given-parameter.ts';

async function inForce(words: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const command = addStoreOptions(new Command('up'))
    .option('--watch')
    .option('--release-lease')
    .option('--iface <name>', '', (word: string, before: string[]) => [...before, word], [])
    .option('--lease-ttl <seconds>', '', Number, 86_400)
    .option('--param <K=V>');
  command.parse([...words], { from: 'user' });
  const store = await chooseStore(command);
  return listOptionsInForce(findOptionsInForce(command, { store, parameters: [given('PSK=sesame')] }));
}

test('given options, defaults and the chosen store are listed, and no other store', async () => {
  const words = [
    '--watch',
    '--iface',
    'eth1',
    '--iface',
    'eth0',
    '--param',
    'PSK=sesame',
    '--store-dir',
    '/srv',
  ];
  const listed = await inForce(words);
  assert.deepEqual(Object.keys(listed).sort(), [
    '--iface',
    '--lease-ttl',
    '--param',
    '--store',
    '--store-dir',
    '--watch',
  ]);
  assert.equal(listed['--iface'], 'eth1, eth0');
  assert.equal(listed['--lease-ttl'], '86400');
  assert.equal(listed['--watch'], 'true');
  assert.equal(listed['--store'], 'files');
});

test('no secret is listed', async () => {
  const words = [
    ...[
      '--etcd-endpoints',
      'http://10.0.0.5:2379',
      '--etcd-username',
      'root',
      '--etcd-password',
      'opensesame',
    ],
    ...['--param', 'PSK=sesame'],
  ];
  const listed = await inForce(words);
  assert.equal(listed['--etcd-password'], '***');
  assert.equal(listed['--etcd-username'], 'root');
  assert.match(listed['--param'] ?? '', /^PSK /);
  assert.doesNotMatch(JSON.stringify(listed), /sesame/);
});

test('the first line can be read as a command line', () => {
  const options = { '--store': 'files', '--watch': 'true', '--iface': 'eth1, eth0' };
  const { text } = renderEvent({ event: 'started', version: '0.1.0', pid: 63, options });
  assert.equal(text, 'heddle 0.1.0, process 63: --store=files --watch --iface="eth1, eth0"');
});
