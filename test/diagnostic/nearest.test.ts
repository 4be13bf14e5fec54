import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSlipOf, nearestName, suggestName } from '../../src/diagnostic/nearest.ts';

const keys = ['SubnetAddCommand', 'SubnetRemoveCommand', 'ShutdownCommand', 'Type', 'VNI', 'Overhead'];

test('finds a name through a slip of each kind', () => {
  assert.equal(nearestName('SubnetAddComand', keys), 'SubnetAddCommand');
  assert.equal(nearestName('ShutdownCommmand', keys), 'ShutdownCommand');
  assert.equal(nearestName('ShutdovnCommand', keys), 'ShutdownCommand');
  assert.equal(nearestName('ShutdonwCommand', keys), 'ShutdownCommand');
  assert.equal(nearestName('VIN', keys), 'VNI');
});

test('disregards case', () => {
  assert.equal(nearestName('subnetaddcommand', keys), 'SubnetAddCommand');
  assert.equal(nearestName('TYPE', keys), 'Type');
});

test('suggests nothing for what is far from every name', () => {
  assert.equal(nearestName('Description', keys), undefined);
  assert.equal(nearestName('', keys), undefined);
  assert.equal(nearestName('x'.repeat(100_000), keys), undefined);
  assert.equal(suggestName('Description', keys), undefined);
});

test('is sure of what is meant up to two slips', () => {
  assert.ok(isSlipOf('subnetaddcomand', 'SubnetAddCommand'));
  assert.ok(isSlipOf('PreStartCommand', 'PreStartupCommand'));
  assert.ok(!isSlipOf('PostStartupCommand', 'PreStartupCommand'));
  assert.ok(!isSlipOf('PreShutdownCommand', 'ShutdownCommand'));
});

test('prefers an exact name, and one swap counts as one slip', () => {
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.nat(), (key, at) => {
      assert.equal(nearestName(key, keys), key);
      const i = at % (key.length - 1);
      const swapped = key.slice(0, i) + key.charAt(i + 1) + key.charAt(i) + key.slice(i + 2);
      assert.equal(nearestName(swapped, keys), key);
    }),
  );
});
