import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { formatAddress, formatCidr } from '../../../src/network/cidr.ts';
import type { SubnetRange } from '../../../src/network/configuration.ts';
import { decideNetwork } from '../../../src/recipe-files/decide-network.ts';
import { parseNetworkDocument, type StoredNetwork } from '../../../src/recipe/read/network-document.ts';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';
import { readTable, type RecordedConfiguration, type RecordedRange } from './table.ts';

const { configurations } = readTable();

/** Where heddle does not do what flannel does, and why. */
const otherwise: Readonly<Record<string, string>> = {
  'SubnetMin after SubnetMax': 'flannel takes it, and then finds no subnet',
  'both families off': 'flannel takes it, and then leases 0.0.0.0/0',
  'VNI is 0': 'flannel takes it; the recipe takes 1 to 16777215',
  'VNI is beyond 24 bits': 'flannel takes it, and the kernel refuses the device',
  'Port is beyond 16 bits': 'flannel takes it, and uses its lower 16 bits',
  'VNI is negative': 'flannel takes it; the recipe takes 1 to 16777215',
  'Port is negative': 'flannel takes it; the recipe takes 1 to 65535',
  'MTU is 0': 'flannel takes it, and writes FLANNEL_MTU=-50',
  'MTU is negative': 'flannel takes it; the recipe takes 576 to 65535',
  'MTU is 65536': 'flannel takes it; the recipe takes 576 to 65535',
  'IPv6Network is IPv4-mapped': 'flannel takes it for an IPv6 network, and leases IPv4 addresses',
  'unknown keys nested':
    'flannel follows 10,000 levels; heddle follows 32, so that no document exhausts the stack',
  'unknown keys nested within Backend': 'flannel follows 10,000 levels; heddle follows 32',
  'wireguard: MTU is 0': 'flannel takes it, and writes FLANNEL_MTU=-80',
  'Backend is missing': 'flannel uses udp; heddle uses vxlan, as flannel documents, and says so',
};

const shipped = new Map(
  ['vxlan', 'host-gw', 'wireguard'].map((name) => {
    const file = new URL(`../../../recipes/${name}.json`, import.meta.url);
    const checked = parseRecipe({ name, text: readFileSync(file, 'utf8') }, name);
    assert.equal(checked.kind, 'valid');
    return [name, checked.value] as const;
  }),
);

function read({ name, text }: RecordedConfiguration) {
  return parseNetworkDocument({ name, text }, []);
}

function recipeOf(configuration: RecordedConfiguration): Recipe | undefined {
  const checked = read(configuration);
  return checked.kind === 'valid' ? shipped.get(checked.value.backendType) : undefined;
}

function describeRange(range: SubnetRange | undefined): RecordedRange | null {
  if (range === undefined) return null;
  return {
    network: formatCidr(range.network),
    length: range.subnetLength,
    min: formatAddress(range.subnetMin),
    max: formatAddress(range.subnetMax),
  };
}

/** Whether heddle refuses a document, by its own reading or with the recipe of its type. */
function isRefused(configuration: RecordedConfiguration): boolean {
  if (read(configuration).kind === 'invalid') return true;
  const recipe = recipeOf(configuration);
  if (recipe === undefined) return false;
  try {
    decideNetwork(recipe, [], { name: configuration.name, text: configuration.text });
    return false;
  } catch {
    return true;
  }
}

/** The values of a shipped recipe's parameters, in the form that flannel has them. */
function parametersOf(configuration: RecordedConfiguration, recipe: Recipe) {
  const source = { name: configuration.name, text: configuration.text };
  const { parameterValues } = decideNetwork(recipe, [], source);
  if (recipe.name === 'host-gw') return parameterValues;
  const unset = { MTU: 1500 };
  const isUnset = recipe.name === 'vxlan' && parameterValues['Port'] === 8472;
  return { ...unset, ...parameterValues, ...(isUnset && { Port: 0 }) };
}

describe('a network configuration is what flannel takes it for', () => {
  for (const configuration of configurations) {
    const { name, takes, refuses } = configuration;
    if (name in otherwise) continue;
    test(name, () => {
      const checked = read(configuration);
      if (refuses !== undefined) {
        // flannel knows no type of the operator's own: which types there are is for the recipes to say.
        const isOnlyUnknown = refuses.stage === 'type' && checked.kind === 'valid';
        if (isOnlyUnknown) assert.equal(shipped.get(checked.value.backendType), undefined);
        // What ipsec demands of its key is for a recipe to say, if there is one.
        else assert.ok(isRefused(configuration), refuses.error);
        return;
      }
      assert.ok(takes);
      assert.equal(checked.kind, 'valid');
      const { network, backendType }: StoredNetwork = checked.value;
      assert.deepEqual(describeRange(network.ipv4), takes.ipv4);
      assert.deepEqual(describeRange(network.ipv6), takes.ipv6);
      assert.equal(network.enableNftables, takes.enableNftables);
      assert.equal(backendType, takes.backendType);
      const recipe = recipeOf(configuration);
      if (recipe !== undefined) assert.deepEqual(parametersOf(configuration, recipe), takes.backend);
    });
  }
});

describe('a network configuration is refused or read otherwise where flannel goes wrong', () => {
  for (const [name, why] of Object.entries(otherwise)) {
    test(`${name}: ${why}`, () => {
      const configuration = configurations.find((candidate) => candidate.name === name);
      assert.ok(configuration?.takes);
      if (name === 'Backend is missing') {
        const checked = read(configuration);
        assert.equal(checked.kind, 'valid');
        assert.equal(checked.value.backendType, 'vxlan');
        assert.ok(checked.warnings.some(({ code }) => code === 'default-backend'));
      } else assert.ok(isRefused(configuration));
    });
  }
});

test("RouteTableID of flannel's aws-vpc is a string or a list of strings", () => {
  const readTables = (value: string) => {
    const text = `{"Network":"10.50.0.0/16","Backend":{"Type":"aws-vpc","RouteTableID":${value}}}`;
    return parseNetworkDocument({ name: 'configuration', text }, ['RouteTableID']);
  };
  const one = readTables('"rtb-1,rtb-2"');
  assert.equal(one.kind, 'valid');
  const list = readTables('["rtb-1","rtb-2"]');
  assert.equal(list.kind, 'valid');
  assert.deepEqual(list.value, one.value);
  const wrong = readTables('["rtb-1",2]');
  assert.equal(wrong.kind, 'invalid');
  assert.match(wrong.diagnostics[0]?.message ?? '', /a list of strings, without a number/);
});
