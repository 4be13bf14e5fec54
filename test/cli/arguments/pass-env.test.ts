import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { parseVariableName } from '../../../src/cli/arguments/options.ts';

test('the names of variables for commands are collected', () => {
  assert.deepEqual(parseVariableName('B', parseVariableName('AWS_PROFILE')), ['AWS_PROFILE', 'B']);
});

test('a name that commands cannot be given is refused, and says why', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['A=B', /^It is not the name of a variable\.$/],
    ['', /not the name of a variable/],
    ['HEDDLE_PARAM_PSK', /a setting of the daemon/],
    ['FLANNELD_ETCD_PASSWORD', /a setting of the daemon/],
    ['PUBLIC_IP', /is set by heddle itself/],
  ];
  for (const [name, why] of refused) {
    assert.throws(
      () => parseVariableName(name),
      (error) => error instanceof InvalidArgumentError && why.test(error.message),
    );
  }
});
