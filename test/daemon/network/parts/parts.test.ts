import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  NetworkPart,
  RemovalResult,
  StandingNetwork,
} from '../../../../src/daemon/network/parts/part.ts';
import {
  findStranger,
  forgetParts,
  networkParts,
  rememberParts,
  removeParts,
} from '../../../../src/daemon/network/parts/parts.ts';
import type { UpOptions } from '../../../../src/daemon/setup/options.ts';

const network = {} as StandingNetwork;

function fakeParts(did: string[], outcome: RemovalResult = { kind: 'gone' }): NetworkPart[] {
  return ['first', 'second', 'third'].map((name) => ({
    name,
    isFoundation: false,
    remember: () => ({ of: name }),
    describe: () => ({ settings: '' }),
    up: () => Promise.resolve(),
    ensure: () => Promise.resolve({ kind: 'whole' }),
    down: (_, memory) => {
      did.push(`${name} ${JSON.stringify(memory)}`);
      return Promise.resolve(outcome);
    },
    forget: (memory) => Promise.resolve(void did.push(`forget ${name} ${JSON.stringify(memory)}`)),
  }));
}

test('the parts of a network are the device, the traffic rules, the blackhole route, the peers, the subnet file and the CNI list, in this order', () => {
  const names = networkParts.map(({ name }) => name);
  assert.deepEqual(names, ['device', 'traffic-rules', 'blackhole-route', 'peers', 'subnet-file', 'cni-list']);
  assert.equal(new Set(names).size, names.length);
});

test('parts are removed in the opposite order, each with its memory, even if one leaves something', async () => {
  const did: string[] = [];
  const parts = fakeParts(did, { kind: 'left', what: 'peers', keys: ['a'] });
  const outcomes = await removeParts(network, rememberParts({} as UpOptions, parts), parts);
  assert.deepEqual(did, ['third {"of":"third"}', 'second {"of":"second"}', 'first {"of":"first"}']);
  assert.equal([...outcomes.values()].filter(({ kind }) => kind === 'left').length, 3);
});

test('a part that was never begun is not removed', async () => {
  const did: string[] = [];
  await removeParts(network, { first: {} }, fakeParts(did));
  assert.deepEqual(did, ['first {}']);
});

test('a part that this version does not know is found by its name', () => {
  assert.equal(findStranger({ device: {}, 'cloth-beam': {} }), 'cloth-beam');
  assert.equal(findStranger({ device: {}, peers: {} }), undefined);
});

test('a network that is gone is forgotten part by part', async () => {
  const did: string[] = [];
  await forgetParts({ first: {}, second: { of: 2 } }, undefined, () => undefined, fakeParts(did));
  assert.deepEqual(did, ['forget second {"of":2}', 'forget first {}']);
});
