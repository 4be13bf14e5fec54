import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Failure } from '../../src/diagnostic/failure.ts';
import { checkEtcdOptions } from '../../src/store/etcd/check-options.ts';
import type { EtcdStoreOptions } from '../../src/store/etcd/options.ts';

const good: EtcdStoreOptions = { endpoints: ['https://10.0.0.1:2379'], caFile: '/ca.crt' };

describe('options of etcd', () => {
  test('give the members, each in its one spelling', () => {
    const endpoints = ['10.0.0.1:2379', 'HTTP://Etcd.example:02379/', 'http://[fd00::1]:1', '10.0.0.1:2379'];
    assert.deepEqual(checkEtcdOptions({ endpoints }), [
      'http://10.0.0.1:2379',
      'http://etcd.example:2379',
      'http://[fd00::1]:1',
    ]);
    assert.deepEqual(checkEtcdOptions({ ...good, endpoints: ['a:1'] }), ['https://a:1']);
  });

  function refusal(changes: Partial<EtcdStoreOptions>): string {
    try {
      checkEtcdOptions({ ...good, ...changes });
    } catch (error) {
      assert.ok(error instanceof Failure && error.kind === 'usage' && error.hint !== undefined);
      return error.message;
    }
    assert.fail('nothing was refused');
  }

  test('that are malformed are wrong usage, whatever etcd would say', () => {
    assert.equal(refusal({ endpoints: [] }), 'no etcd endpoint was given');
    assert.equal(refusal({ endpoints: ['a:1', ''] }), 'an empty etcd endpoint cannot be used');
    const malformed = ['https://', '10.0.0.1', 'ftp://a:1', 'http://a:0', 'http://a:65536', 'a:1/x', 'a b:1'];
    for (const endpoint of malformed) {
      assert.equal(refusal({ endpoints: [endpoint] }), `the etcd endpoint \`${endpoint}\` cannot be used`);
    }
    assert.equal(refusal({ prefix: '' }), 'the etcd prefix cannot be an empty string');
    assert.equal(refusal({ prefix: '/a\n' }), 'the etcd prefix cannot be `/a␊`');
  });

  test('that contradict each other are wrong usage', () => {
    assert.equal(
      refusal({ endpoints: ['http://10.0.0.1:2379'] }),
      'the etcd endpoint http://10.0.0.1:2379 is not encrypted, but a certificate or an authority for TLS was given',
    );
    assert.equal(refusal({ keyFile: '/a.key' }), 'a key file for etcd was given, but no certificate file');
    assert.equal(refusal({ certFile: '/a.crt' }), 'a certificate file for etcd was given, but no key file');
  });

  test('with a password in an endpoint are refused without a word of it', () => {
    assert.ok(!refusal({ endpoints: ['https://heddle:geheim@10.0.0.1:2379'] }).includes('geheim'));
  });
});
