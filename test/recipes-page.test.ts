import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { examineRecipe } from '../src/recipe-files/examine-recipe.ts';
import { diagnosticCodes } from '../src/diagnostic/codes.ts';
import { commandVariables, isPeerCommand } from '../src/contract/environment.ts';
import type { Peer } from '../src/lease/lease.ts';
import { libertyCodes } from '../src/recipe/flannel/understand-document.ts';
import { backendKeys } from '../src/recipe/keys.ts';
import { contractVariables } from '../src/recipe/contract-variables.ts';
import { commandNames, type CommandName } from '../src/recipe/recipe.ts';
import { cidr, dualStack } from './lease/fixtures.ts';
import { blocksOf, readPage, rowsBelow } from './page.ts';

const page = readPage('docs/recipes.md');
const blocks = blocksOf(page);
const codes = Object.keys(diagnosticCodes);

test('every finding has its section, in the order of the table of codes', () => {
  const findings = page.slice(page.indexOf('\n## Findings\n'));
  const sections = [...findings.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
  assert.deepEqual(sections, codes);
});

describe('the example of a section has that finding:', () => {
  const examples = blocks.filter(({ heading }) => codes.includes(heading));
  for (const { heading, title, text, line } of examples) {
    test(`${heading} (docs/recipes.md:${line})`, async () => {
      const backend = `{ "Network": "10.50.0.0/16", "Backend": { ${text.includes('"Type": "my') ? '' : '"Type": "a",'} ${text} } }`;
      const document = title === 'whole' ? text : backend;
      const found = await examineRecipe({ name: 'example.json', text: document }, 'example');
      assert.deepEqual(
        [...new Set(found.map(({ code }) => code))],
        [heading],
        JSON.stringify(found, ['message']),
      );
    });
  }

  test('all that a recipe can have have an example', () => {
    assert.deepEqual(
      codes.filter((code) => !examples.some(({ heading }) => heading === code)),
      // Warnings about documents in a store: in a recipe, these are errors.
      [...libertyCodes, 'default-backend'],
    );
  });
});

describe('the recipe in the page', () => {
  for (const { title, text, line } of blocks.filter(({ title }) => title.endsWith('.json'))) {
    test(`${title} (docs/recipes.md:${line}) passes recipe check`, async () => {
      const found = await examineRecipe({ name: title, text }, title.replace('.json', ''));
      const expected = title.startsWith('flannel-')
        ? found.filter(({ severity }) => severity === 'error')
        : found;
      assert.deepEqual(expected, []);
    });
  }

  for (const name of ['host-gw', 'vxlan']) {
    test(`flannel-${name}.json is flannel’s own`, () => {
      const text = blocks.find(({ title }) => title === `flannel-${name}.json`)?.text ?? '';
      const own = readFileSync(new URL(`recipes/extension-${name}.json`, import.meta.url), 'utf8');
      assert.deepEqual(JSON.parse(text), JSON.parse(own));
    });
  }
});

test('the table of keys has each key of Backend once', () => {
  const keys = rowsBelow(page, 'Keys').map(([key]) => key?.replaceAll('`', ''));
  assert.deepEqual(keys.toSorted(), Object.keys(backendKeys).toSorted());
});

describe('the table of the environment is what commands are given:', () => {
  const columns: readonly (readonly CommandName[])[] = [
    ['PreStartupCommand'],
    ['PostStartupCommand', 'ShutdownCommand', 'CheckCommand', 'MonitorCommand'],
    ['SubnetAddCommand', 'SubnetRemoveCommand'],
    ['SubnetBatchCommand'],
  ];
  const own = { ipv4: cidr('10.50.7.0/24'), ipv6: cidr('fd00:50:0:7::/64') };
  const facts = {
    network: dualStack,
    nodeName: 'node1',
    iface: 'eth0',
    ifaceMtu: 1500,
    mtus: { ipv4: 1450, ipv6: 1430 },
    stateDirectory: '/s',
    publicIp: '192.0.2.1',
    publicIpv6: '2001:db8::1',
    parameters: [],
    parameterValues: {},
    localAddresses: { ipv4: '192.0.2.1', ipv6: '2001:db8::1' },
  };
  const peer: Peer = {
    key: 'k',
    subnet: '10.50.9.0/24',
    ipv6Subnet: 'fd00:50:0:9::/64',
    stdin: '\n',
    fields: {},
    publicIp: '192.0.2.9',
    publicIpv6: '2001:db8::9',
    link: { devices: { ipv4: 'eth0', ipv6: 'eth0' }, matters: true },
  };

  /** What a cell has to say of a variable. */
  function describeVariable(name: string, command: CommandName): string {
    const isPeer = isPeerCommand(command);
    const subnets = command === 'PreStartupCommand' ? undefined : own;
    const value = commandVariables(command, facts, subnets, isPeer ? peer : undefined)[name];
    if (value === undefined) return '–';
    if (!/PUBLIC_IP|SUBNET|ON_LINK/.test(name)) return 'yes';
    const ofNode = commandVariables('PostStartupCommand', facts, own)[name];
    return value === ofNode ? 'own' : "the peer's";
  }

  const rows = rowsBelow(page, 'Environment');
  for (const [column, commands] of columns.entries()) {
    for (const command of commands) {
      test(command, () => {
        for (const [names = '', ...cells] of rows) {
          for (const [, name = ''] of names.matchAll(/`(\w+)`/g)) {
            if (name.endsWith('_LEN')) continue; // the same for any two subnets of a network
            assert.equal(cells[column], describeVariable(name, command), name);
          }
        }
      });
    }
  }

  test('no variable is left out', () => {
    const named = rows.flatMap(([names = '']) => [...names.matchAll(/`(\w+)`/g)].map((match) => match[1]));
    assert.deepEqual(named.toSorted(), contractVariables.toSorted());
    assert.deepEqual(columns.flat().toSorted(), [...commandNames].toSorted());
  });
});
