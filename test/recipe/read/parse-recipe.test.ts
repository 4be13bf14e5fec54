import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatCidr } from '../../../src/network/cidr.ts';
import { commandText } from '../../../src/recipe/command-text.ts';
import { lintRecipe, type Surroundings } from '../../../src/recipe/lint/lint-recipe.ts';
import { findNeeds } from '../../../src/recipe/lint/missing-programs.ts';
import type { RecipeOutline } from '../../../src/recipe/outline.ts';
import { parseRecipe, readRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';

function parse(text: string): Recipe {
  const checked = parseRecipe({ name: 'a.json', text }, 'a');
  assert.equal(checked.kind, 'valid', checked.kind === 'invalid' ? checked.diagnostics[0]?.message : '');
  return checked.value;
}

function parseBackend(backend: object): Recipe {
  return parse(JSON.stringify({ Network: '10.50.0.0/16', Backend: { Type: 'extension', ...backend } }));
}

describe("a recipe of flannel's extension backend", () => {
  const text =
    '{"Network":"10.50.0.0/16","Backend":{"Type":"extension",' +
    '"PreStartupCommand":"export DEV=overlay; ip link add $DEV type vxlan id 7 && cat /sys/class/net/$DEV/address",' +
    '"SubnetAddCommand":"read MAC; export GW=`echo $SUBNET | cut -d\'/\' -f 1`; arp -s $GW $MAC dev overlay"}}';

  test('loads unmodified, with the usual values for what it does not say', () => {
    const recipe = parse(text);
    assert.equal(recipe.name, 'a');
    assert.equal(recipe.source.text, text);
    assert.equal(recipe.backendType, 'extension');
    assert.ok(recipe.network.ipv4);
    assert.equal(formatCidr(recipe.network.ipv4.network), '10.50.0.0/16');
    assert.equal(recipe.network.ipv6, undefined);
    assert.deepEqual(recipe.parameters, []);
    assert.deepEqual(recipe.parameterValues, {});
    assert.deepEqual(recipe.backendData, { format: 'text', pattern: undefined });
    assert.equal(recipe.overhead, undefined);
    assert.equal(recipe.timeout, 30);
    assert.equal(recipe.concurrency, 8);
    assert.deepEqual(recipe.requires, ['ip', 'cat', 'cut', 'arp']);
    assert.deepEqual(Object.keys(recipe.commands), ['PreStartupCommand', 'SubnetAddCommand']);
  });

  test('may have no command at all, and a schema for editors', () => {
    assert.deepEqual(parseBackend({}).commands, {});
    parse('{"$schema":"x","Network":"10.50.0.0/16","Backend":{"Type":"extension"}}');
  });
});

describe('a command', () => {
  test('keeps the place of each of its lines, without the quotation marks', () => {
    const lines = ['read MAC', 'printf "%s\\n"\t', '', '# é'];
    const recipe = parseBackend({ SubnetAddCommand: lines, ShutdownCommand: 'ip "a"' });
    const { text } = recipe.source;
    const { SubnetAddCommand, ShutdownCommand } = recipe.commands;
    assert.equal(SubnetAddCommand?.form, 'lines');
    assert.deepEqual(
      SubnetAddCommand.lines.map(({ text }) => text),
      lines,
    );
    assert.equal(ShutdownCommand?.form, 'string');
    for (const line of [...SubnetAddCommand.lines, ...ShutdownCommand.lines]) {
      const { offset, length } = line.span;
      assert.equal(JSON.parse(`"${text.slice(offset, offset + length)}"`), line.text);
      assert.equal(text.slice(offset - 1, offset) + text.slice(offset + length, offset + length + 1), '""');
    }
  });

  test('decides what is required, unless the recipe says', () => {
    const command = { ShutdownCommand: 'ip link del overlay' };
    assert.deepEqual(parseBackend(command).requires, ['ip']);
    assert.deepEqual(parseBackend({ ...command, Requires: ['wg'] }).requires, ['wg']);
    assert.deepEqual(parseBackend({ ...command, Requires: [] }).requires, []);
  });
});

test('a parameter is declared with its variable, type and bounds, and valued in Backend', () => {
  const recipe = parseBackend({
    VNI: 7,
    MTU: 1400,
    Parameters: {
      VNI: { Type: 'integer', Default: 1, Minimum: 1, Maximum: 16_777_215, Description: 'The network' },
      MTU: { Type: 'integer' },
      DirectRouting: { Type: 'boolean', Default: false },
      Mode: { Type: 'string', Choices: ['auto', 'ipv4'], Default: 'auto' },
      PSK: { Type: 'string', Pattern: '[a-z]+|', Secret: true, Default: '' },
    },
  });
  assert.deepEqual(recipe.parameterValues, { VNI: 7, MTU: 1400 });
  assert.deepEqual(
    recipe.parameters.map(({ name, variable, type }) => [name, variable, type]),
    [
      ['VNI', 'VNI', 'integer'],
      ['MTU', 'MTU', 'integer'],
      ['DirectRouting', 'DIRECT_ROUTING', 'boolean'],
      ['Mode', 'MODE', 'string'],
      ['PSK', 'PSK', 'string'],
    ],
  );
  const [vni, mtu, direct, mode, psk] = recipe.parameters;
  assert.deepEqual([vni?.default, vni?.minimum, vni?.maximum], [1, 1, 16_777_215]);
  assert.equal(vni?.description, 'The network');
  assert.equal(mtu?.default, undefined);
  assert.equal(direct?.default, false);
  assert.deepEqual(mode?.choices, ['auto', 'ipv4']);
  assert.equal(psk?.secret, true);
  assert.deepEqual(psk.pattern, /^(?:[a-z]+|)$/u);
});

describe('backend data', () => {
  test('in text has a pattern that is anchored at both ends', () => {
    const { backendData } = parseBackend({ BackendData: { Pattern: 'a|b' } });
    assert.equal(backendData.format, 'text');
    assert.ok(backendData.pattern);
    assert.deepEqual(
      ['a', 'b', 'ab', 'xb', 'a\n', ''].map((text) => backendData.pattern?.test(text)),
      [...[true, true], ...[false, false, false, false]],
    );
  });

  test('in json has fields, in order, each with its variable', () => {
    const { backendData } = parseBackend({
      BackendData: { Format: 'json', Fields: { VtepMAC: '[0-9a-f:]{17}', VNI: '[0-9]*' } },
    });
    assert.deepEqual(backendData, {
      format: 'json',
      fields: [
        { name: 'VtepMAC', variable: 'VTEP_MAC', pattern: /^(?:[0-9a-f:]{17})$/u },
        { name: 'VNI', variable: 'VNI', pattern: /^(?:[0-9]*)$/u },
      ],
    });
  });
});

test('keys that every object inherits are unknown keys like any other', () => {
  const text =
    '{"Network":"10.0.0.0/16","Backend":{"Type":"x","__proto__":1,"constructor":{},"toString":""}}';
  const checked = parseRecipe({ name: 'a', text }, 'a');
  assert.equal(checked.kind, 'invalid');
  assert.deepEqual(
    checked.diagnostics.map(({ code, span }) => [code, text.slice(span.offset, span.offset + span.length)]),
    [
      ['unknown-key', '"__proto__"'],
      ['unknown-key', '"constructor"'],
      ['unknown-key', '"toString"'],
    ],
  );
});

test('a warning accompanies a recipe that is valid', () => {
  const text = '{"Network":"10.0.0.0/16","IPv6Network":"fd00::/56","Backend":{"Type":"x"}}';
  const checked = parseRecipe({ name: 'a', text }, 'a');
  assert.equal(checked.kind, 'valid');
  assert.deepEqual(
    checked.warnings.map(({ code, severity }) => [code, severity]),
    [['unused-key', 'warning']],
  );
});

test('the value of a secret stays out of what is said about the recipe', () => {
  const secret = 'hunter2hunter2';
  const Parameters = { PSK: { Type: 'string', Secret: true, Pattern: '[0-9]+', Default: secret } };
  const text = JSON.stringify({ Network: '10.0.0.0/16', Backend: { Type: 'x', PSK: secret, Parameters } });
  const checked = parseRecipe({ name: 'a', text }, 'a');
  assert.equal(checked.kind, 'invalid');
  assert.equal(checked.diagnostics.length, 2);
  assert.doesNotMatch(JSON.stringify(checked), new RegExp(secret));
});

/** What a machine would say that has no program, and a shell that refuses only `if )`. */
function surroundingsOf(outline: RecipeOutline): Surroundings {
  const refused = Object.values(outline.commands).filter((command) => commandText(command).includes('if )'));
  return {
    syntaxComplaints: refused.map((command) => ({ command, line: 0, message: '")" unexpected' })),
    missingPrograms: findNeeds(outline).map(({ program }) => ({ program, package: undefined })),
  };
}

function checkFindings(text: string): void {
  const { outline, findings } = readRecipe({ name: 'a', text }, 'a');
  if (outline !== undefined) lintRecipe(outline, surroundingsOf(outline), findings);
  const found = findings.list();
  for (const { span, message } of found) {
    assert.ok(span.offset >= 0 && span.length >= 0 && span.offset + span.length <= text.length, message);
    assert.doesNotMatch(message, /undefined|\[object|\.$/);
  }
  const places = found.map(({ code, span, message }) => `${code} ${span.offset} ${message}`);
  assert.deepEqual(places, [...new Set(places)], text);
  const offsets = found.map(({ span }) => span.offset);
  assert.deepEqual(
    offsets,
    offsets.toSorted((a, b) => a - b),
  );
}

test('whatever JSON stands where, every finding has a place inside the text, in its order, and none stands twice', () => {
  const keys = fc.constantFrom(
    ...[
      'Network',
      'SubnetLen',
      'SubnetMin',
      'Backend',
      'Type',
      'PreStartupCommand',
      'Parameters',
      'BackendData',
    ],
    ...[
      'Fields',
      'Format',
      'Default',
      'Choices',
      'Minimum',
      'MTU',
      'VNI',
      'Requires',
      'Timeout',
      '__proto__',
    ],
    ...[
      'PostStartupCommand',
      'SubnetAddCommand',
      'SubnetRemovCommand',
      'SubnetBatchCommand',
      'CheckCommand',
      'Secret',
      'Vni',
    ],
  );
  const pieces = fc.constantFrom('', '\\d', '\t', '}', '"', '1.', '//', ' ');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(
        '',
        'json',
        'integer',
        '10.0.0.0/16',
        'ip a',
        'ip route add $SUBNET via $VNI; read -r a; wg $a',
        'echo "$DATA_MTU" $PARAMETRS',
        'if )',
        '\0',
        0,
        24,
        -1,
        Infinity,
        true,
        null,
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(value, value, fc.nat(), pieces, (backend, parameters, at, piece) => {
      const more = typeof backend === 'object' ? backend : {};
      const document = {
        Network: '10.0.0.0/16',
        Backend: { Type: 'x', ...more, More: backend, Parameters: parameters },
      };
      for (const root of [document, backend]) {
        const text = JSON.stringify(root);
        checkFindings(text);
        const cut = at % text.length;
        checkFindings(text.slice(0, cut) + piece + text.slice(cut + 1));
      }
    }),
    { numRuns: 1000 },
  );
});
