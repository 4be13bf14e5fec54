import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderDiagnostics } from '../../../src/diagnostic/code-frame.ts';
import { formatCidr } from '../../../src/network/cidr.ts';
import { parseNetworkDocument, renderNetworkDocument } from '../../../src/recipe/read/network-document.ts';
import { resolveParameters } from '../../../src/recipe/parameters.ts';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';

function parse(document: unknown) {
  return parseNetworkDocument({ name: 'store', text: JSON.stringify(document) });
}

function accept(document: unknown) {
  const checked = parse(document);
  assert.equal(checked.kind, 'valid');
  return checked;
}

function refuse(document: unknown) {
  const checked = parse(document);
  assert.equal(checked.kind, 'invalid');
  return checked.diagnostics.map(({ code }) => code);
}

function recipe(document: object): Recipe {
  const checked = parseRecipe({ name: 'a.json', text: JSON.stringify(document) }, 'a');
  assert.equal(checked.kind, 'valid');
  return checked.value;
}

describe('a network configuration found in a store', () => {
  test('names a backend and its parameters', () => {
    const { value, warnings } = accept({
      Network: '10.50.0.0/16',
      SubnetLen: 26,
      Backend: { Type: 'vxlan', VNI: 7, DirectRouting: true, Peers: ['a'] },
    });
    assert.ok(value.network.ipv4);
    assert.equal(formatCidr(value.network.ipv4.network), '10.50.0.0/16');
    assert.equal(value.network.ipv4.subnetLength, 26);
    assert.equal(value.backendType, 'vxlan');
    assert.deepEqual(value.parameterValues, { VNI: 7, DirectRouting: true, Peers: ['a'] });
    assert.deepEqual(value.commands, []);
    assert.deepEqual(warnings, []);
  });

  test('may be a whole recipe: its commands are named, and are no parameters', () => {
    const { value } = accept({
      Network: '10.50.0.0/16',
      Backend: {
        ...{ Type: 'extension', SubnetAddCommand: 'read MAC', PreStartupCommand: ['true'], VNI: 1 },
        ...{ Parameters: { VNI: { Type: 'integer' } }, Overhead: 50 },
      },
    });
    assert.deepEqual(value.commands, ['PreStartupCommand', 'SubnetAddCommand']);
    assert.deepEqual(value.parameterValues, { VNI: 1 });
  });

  test('without a backend is taken to be vxlan, with a warning', () => {
    const { value, warnings } = accept({ Network: '10.50.0.0/16' });
    assert.equal(value.backendType, 'vxlan');
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['default-backend'],
    );
  });

  test("is held to flannel's rules like a recipe", () => {
    assert.deepEqual(refuse({ Backend: { Type: 'vxlan' } }), ['missing-key']);
    assert.deepEqual(refuse({ Network: '10.50.0.0/16', SubnetLen: 17, Backend: {} }), [
      'subnet-length',
      'missing-key',
    ]);
    assert.deepEqual(refuse({ Network: '10.50.0.0/16', Netwrk: '', Backend: 'vxlan' }), [
      'unknown-key',
      'wrong-type',
    ]);
    assert.deepEqual(refuse([]), ['wrong-type']);
  });

  test('is quoted without the values of its parameters, any of which may be a secret', () => {
    const checked = parse({ Network: '10.50.0.1/16', Backend: { Type: 'wireguard', PSK: 'hunter2' } });
    assert.equal(checked.kind, 'invalid');
    const shown = renderDiagnostics(checked.diagnostics, { colour: false });
    assert.match(shown, /10\.50\.0\.1/);
    assert.doesNotMatch(shown, /hunter2/);
  });
});

describe('the network configuration that a recipe puts into a store', () => {
  const document = {
    $schema: 'recipe.json',
    EnableIPv6: true,
    Network: '10.50.0.0/16',
    SubnetMin: '10.50.9.0',
    IPv6Network: '2001:db8:42::/56',
    Backend: {
      Type: 'vxlan',
      Port: 4789,
      PreStartupCommand: 'true',
      Overhead: 50,
      Parameters: {
        VNI: { Type: 'integer', Default: 1 },
        Port: { Type: 'integer', Default: 8472 },
        Learning: { Type: 'boolean', Default: false },
        MTU: { Type: 'integer' },
      },
    },
  };

  test('has its network as given, its type, and the parameters that differ from their defaults', () => {
    const source = recipe(document);
    const resolved = resolveParameters(source, {}, ['Learning=true', 'VNI=1']);
    assert.equal(resolved.kind, 'valid');
    assert.deepEqual(JSON.parse(renderNetworkDocument(source, resolved.values)), {
      EnableIPv6: true,
      Network: '10.50.0.0/16',
      SubnetMin: '10.50.9.0',
      IPv6Network: '2001:db8:42::/56',
      Backend: { Type: 'vxlan', Port: 4789, Learning: true },
    });
  });

  test('gives every node that reads it the same network and the same parameters', () => {
    const source = recipe(document);
    const resolved = resolveParameters(source, {}, ['VNI=7', 'MTU=1400']);
    assert.equal(resolved.kind, 'valid');
    const text = renderNetworkDocument(source, resolved.values);
    assert.match(text, /\n$/);
    const read = parseNetworkDocument({ name: 'store', text });
    assert.equal(read.kind, 'valid');
    assert.deepEqual(read.value.network, source.network);
    assert.equal(read.value.backendType, 'vxlan');
    assert.deepEqual(resolveParameters(source, read.value.parameterValues, []), resolved);
  });
});
