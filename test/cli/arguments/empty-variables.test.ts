import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropEmptyVariables } from '../../../src/cli/arguments/empty-variables.ts';

test('empty variables of options say nothing; all others stay', () => {
  const given = { FLANNELD_IFACE: '', HEDDLE_STORE_DIR: '', NODE_NAME: '' };
  const others = { FLANNELD_PUBLIC_IP: '192.0.2.1', NODE_NAMES: '', PATH: '', FLANNEL: '' };
  const environment = { ...given, ...others };
  dropEmptyVariables(environment);
  assert.deepEqual(environment, others);
});
