import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { positionAt } from '../../../src/diagnostic/source.ts';
import { renderDiagnostics } from '../../../src/diagnostic/code-frame.ts';
import { formatCidr } from '../../../src/network/cidr.ts';
import {
  parseNetworkDocument,
  recipeTextOf,
  renderNetworkDocument,
} from '../../../src/recipe/read/network-document.ts';
import { resolveParameters } from '../../../src/recipe/parameters.ts';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';
import { given } from '../given-parameter.ts';

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

  test('may be a whole recipe: its commands are named, and are not parameters', () => {
    const { value } = accept({
      Network: '10.50.0.0/16',
      Backend: {
        Type: 'extension',
        SubnetAddCommand: 'read MAC',
        PreStartupCommand: ['true'],
        VNI: 1,
        Parameters: { VNI: { Type: 'integer' } },
        Overhead: 50,
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
      'passed-over',
      'wrong-type',
    ]);
    assert.deepEqual(refuse([]), ['wrong-type']);
  });

  test('is quoted without the values of its parameters, any of which may be a secret', () => {
    for (const key of ['PSK', 'psk', 'Psk', 'SharedKey']) {
      const backend = `"Type":"wireguard","${key}":"hunter2","${key}":"hunter3"`;
      const text = `{"Network":"10.50.1/16","Backend":{${backend}},"backend":{${backend}}}`;
      const checked = parseNetworkDocument({ name: 'store', text }, []);
      assert.equal(checked.kind, 'invalid');
      const shown = renderDiagnostics(checked.diagnostics, { colour: false });
      assert.match(shown, /10\.50\.1\/16/);
      assert.doesNotMatch(shown, /hunter/);
    }
  });
});

describe('a liberty is reported once, at its place', () => {
  const liberties: readonly (readonly [text: string, line: number, code: string, message: RegExp])[] = [
    [
      '{"network":"10.50.0.0/16",\n"Backend":{"Type":"vxlan"}}',
      1,
      'other-case',
      /`network` is read as `Network`/,
    ],
    [
      '{"Network":"10.50.0.0/16",\n"Backend":{"Type":"VxLAN"}}',
      2,
      'other-case',
      /`VxLAN` is read as `vxlan`/,
    ],
    [
      '{"Network":"10.50.0.0/16",\n"Backend":{"Type":"wireguard-native"}}',
      2,
      'other-case',
      /`wireguard-native` is read as `wireguard`/,
    ],
    ['{"Network":"10.50.0.0/16",\n"Backend":{"Type":"vxlan","Vni":5}}', 2, 'other-case', /`Backend.VNI`/],
    [
      '{"Network":"10.50.1.5/16",\n"Backend":{"Type":"vxlan"}}',
      1,
      'address-form',
      /read as `10\.50\.0\.0\/16`/,
    ],
    [
      '{"Network":"10.50.0.0/16","Name":1,\n"Backend":{"Type":"vxlan"}}',
      1,
      'passed-over',
      /`Name` has no effect/,
    ],
    [
      '{"Network":"10.50.0.0/16",\n"Backend":{"Type":"host-gw","VNI":5}}',
      2,
      'passed-over',
      /`VNI` in `Backend`/,
    ],
    [
      '{"Network":"10.50.0.0/16",\n"Backend":{"Type":"vxlan","MacPrefix":"0E"}}',
      2,
      'passed-over',
      /`MacPrefix`/,
    ],
    [
      '{"Network":"10.1.0.0/16",\n"Network":"10.2.0.0/16","Backend":{"Type":"vxlan"}}',
      2,
      'repeated-key',
      /the last/,
    ],
    [
      '{"Network":"10.50.0.0/16",\n"Backend":{"Type":"extension","ShutdownCommand":""}}',
      2,
      'no-value',
      /Shutdown/,
    ],
    ['{"Network":"10.50.0.0/16","SubnetLen":null,\n"Backend":{"Type":"vxlan"}}', 1, 'no-value', /SubnetLen/],
    ['{"Network":"10.50.0.0/16",\n"Backend":{"Type":"vxlan","Port":0}}', 2, 'no-value', /Backend.Port/],
  ];
  for (const [text, line, code, message] of liberties) {
    test(text.replace('\n', ''), () => {
      const checked = parseNetworkDocument({ name: 'store', text }, []);
      assert.equal(checked.kind, 'valid');
      const [warning, another] = checked.warnings;
      assert.ok(warning !== undefined && another === undefined);
      assert.equal(warning.code, code);
      assert.match(warning.message, message);
      assert.equal(positionAt(text, warning.span.offset).line, line);
    });
  }

  test('but what a recipe declares has an effect', () => {
    const text = '{"Network":"10.50.0.0/16","Backend":{"Type":"vxlan","zone":"a"}}';
    const checked = parseNetworkDocument({ name: 'store', text }, ['Zone']);
    assert.equal(checked.kind, 'valid');
    assert.deepEqual(checked.value.parameterValues, { Zone: 'a' });
    assert.deepEqual(
      checked.warnings.map(({ code }) => code),
      ['other-case'],
    );
  });

  test('and a type that flannel does not have is read as it is written', () => {
    const text = '{"Network":"10.50.0.0/16","Backend":{"Type":"Mine","zone":"a"}}';
    const checked = parseNetworkDocument({ name: 'store', text }, []);
    assert.equal(checked.kind, 'valid');
    assert.equal(checked.value.backendType, 'Mine');
    assert.deepEqual(checked.value.parameterValues, { zone: 'a' });
    assert.deepEqual(checked.warnings, []);
  });
});

describe('a whole recipe that was written for flannel', () => {
  const text = `{"network":"10.50.0.0/16","Backend":{"type":"Extension","subnetaddcommand":"true","ShutdownCommand":"","Note":1}}`;

  test('is read by the recipe reader in the form that it was understood in', () => {
    const source = { name: 'store', text };
    const checked = parseNetworkDocument(source, []);
    assert.equal(checked.kind, 'valid');
    assert.deepEqual(checked.value.commands, ['SubnetAddCommand']);
    const recipe = parseRecipe(recipeTextOf(source, checked), 'a');
    assert.equal(recipe.kind, 'valid');
    assert.equal(recipe.value.backendType, 'extension');
    assert.deepEqual(Object.keys(recipe.value.commands), ['SubnetAddCommand']);
  });

  test('and unchanged where nothing was read otherwise', () => {
    const source = { name: 'store', text: '{"Network":"10.50.0.0/16","Backend":{"Type":"extension"}}' };
    const checked = parseNetworkDocument(source, []);
    assert.equal(checked.kind, 'valid');
    assert.equal(recipeTextOf(source, checked), source);
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
    const resolved = resolveParameters(source, {}, ['Learning=true', 'VNI=1'].map(given));
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
    const resolved = resolveParameters(source, {}, ['VNI=7', 'MTU=1400'].map(given));
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
