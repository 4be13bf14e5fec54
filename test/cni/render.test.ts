import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCniTemplate } from '../../src/cni/read-template.ts';
import { renderCniList } from '../../src/cni/render.ts';
import { stampIn } from '../../src/cni/stamp.ts';
import type { CniTemplate, JsonObject } from '../../src/cni/template.ts';
import { addressBits, formatCidr, networkOf, type Family } from '../../src/network/cidr.ts';
import { presentValues } from '../../src/network/per-family.ts';
import {
  parseSubnetEnvironment,
  renderSubnetEnvironment,
  type SubnetEnvironment,
  type SubnetOfNetwork,
} from '../../src/network/subnet-env.ts';
import { delegatedCases } from './delegated.ts';

function read(text: string): CniTemplate {
  const result = readCniTemplate({ name: 'cni-conf.json', text });
  assert.ok(result.kind === 'valid', `refused: ${text}`);
  return result.value;
}

function environment(text: string): SubnetEnvironment {
  const found = parseSubnetEnvironment(text);
  assert.ok(!('lacks' in found));
  return found;
}

interface RenderedList extends JsonObject {
  readonly plugins: readonly JsonObject[];
}

function render(template: CniTemplate, node: SubnetEnvironment): RenderedList {
  return JSON.parse(renderCniList(template, node, '/var/lib/heddle/state')) as RenderedList;
}

/** A plugin's configuration as a container runtime hands it over: with the name and the version of its list, but not the capabilities. */
function handOver({ name, cniVersion }: JsonObject, plugin: JsonObject): unknown {
  return { ...without(plugin, ['capabilities']), name, cniVersion };
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

for (const { name, template, subnetFile, outcomes } of delegatedCases) {
  test(`flannel's plugin and heddle agree: ${name}`, () => {
    const list = JSON.parse(template) as RenderedList;
    const result = readCniTemplate({ name: 'cni-conf.json', text: template });
    if (outcomes.some((outcome) => 'error' in outcome)) {
      assert.equal(result.kind, 'invalid');
      return;
    }
    assert.ok(result.kind === 'valid');
    const { plugins } = render(result.value, environment(subnetFile));
    const rendered = plugins.filter((_, index) => list.plugins[index]?.['type'] === 'flannel');
    assert.deepEqual(
      rendered.map((plugin) => ({ delegated: handOver(list, plugin) })),
      outcomes,
    );
  });
}

test('the table has lists that flannel takes, lists that it refuses, and each combination of families', () => {
  const taken = delegatedCases.filter(({ outcomes }) => outcomes.every((outcome) => 'delegated' in outcome));
  assert.ok(taken.length >= 20 && delegatedCases.length - taken.length >= 8);
  const families = taken.map(({ subnetFile }) => presentValues(environment(subnetFile)).length);
  assert.deepEqual([...new Set(families)].sort(), [1, 2]);
});

function subnetOfFamily(family: Family): fc.Arbitrary<SubnetOfNetwork> {
  const bits = addressBits(family);
  return fc
    .tuple(
      fc.bigInt(0n, (1n << BigInt(bits)) - 1n),
      fc.integer({ min: 1, max: bits - 4 }),
      fc.integer({ min: 1, max: 2 }),
    )
    .map(([value, length, more]) => ({
      network: networkOf({ family, value }, length),
      subnet: networkOf({ family, value }, length + more),
    }));
}

const environments: fc.Arbitrary<SubnetEnvironment> = fc
  .record({
    ipv4: fc.option(subnetOfFamily(4), { nil: undefined }),
    ipv6: fc.option(subnetOfFamily(6), { nil: undefined }),
    mtu: fc.integer({ min: 1280, max: 65_535 }),
    ipMasq: fc.boolean(),
  })
  .filter(({ ipv4, ipv6 }) => ipv4 !== undefined || ipv6 !== undefined);

const plugins = fc.array(
  fc.oneof(
    fc.constant({ type: 'flannel' }),
    fc.record({
      type: fc.constant('flannel'),
      delegate: fc.record({ hairpinMode: fc.boolean(), bridge: fc.string() }),
    }),
    fc.record({
      type: fc.constantFrom('portmap', 'bandwidth', 'Flannel'),
      any: fc.jsonValue({ maxDepth: 3 }),
    }),
  ),
);

test('each list keeps its other plugins and keys, has the subnets and the MTU, and is marked', () => {
  const lists = plugins.filter((all) => all.some(({ type }) => type === 'flannel'));
  fc.assert(
    fc.property(
      lists,
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
      environments,
      (all, other, node) => {
        const list = { ...other, name: 'cbr0', cniVersion: '1.0.0', plugins: all };
        const text = JSON.stringify(list);
        const template = read(text);
        const rendered = render(template, node);
        const { plugins: made } = rendered;
        const before = JSON.parse(text) as RenderedList;
        const { plugins: given } = before;
        const own = ['heddle', 'plugins', 'disableCheck'];
        assert.deepEqual(without(rendered, own), without(before, own));
        assert.equal(stampIn(JSON.stringify(rendered)), '/var/lib/heddle/state');
        assert.equal(made.length, given.length);
        for (const [index, plugin] of made.entries()) {
          if (given[index]?.['type'] !== 'flannel') assert.deepEqual(plugin, given[index]);
          else assert.deepEqual(placeOf(plugin), placeIn(node));
        }
        // A list that heddle made is not a template: it does not have an entry for flannel's plugin.
        assert.equal(readCniTemplate({ name: 'rendered', text: JSON.stringify(rendered) }).kind, 'invalid');
        // The subnet file says the same.
        assert.deepEqual(render(template, environment(renderSubnetEnvironment(node))), rendered);
      },
    ),
    { seed: 16, numRuns: 300 },
  );
});

function placeOf({ type, mtu, ipMasq, ipam }: JsonObject): unknown {
  return { type, mtu, ipMasq, ipam };
}

function placeIn({ mtu, ipMasq, ...families }: SubnetEnvironment): unknown {
  return {
    type: 'bridge',
    mtu,
    ipMasq: !ipMasq,
    ipam: {
      type: 'host-local',
      ranges: presentValues(families).map(({ subnet }) => [{ subnet: formatCidr(subnet) }]),
      routes: presentValues(families).map(({ network }) => ({ dst: formatCidr(network) })),
    },
  };
}

test("a rendered list asks the runtime not to CHECK, as flannel's plugin does nothing then, unless the template decides", () => {
  const node = environment(delegatedCases[0]?.subnetFile ?? '');
  const list = { name: 'cbr0', plugins: [{ type: 'flannel' }] };
  assert.equal(render(read(JSON.stringify(list)), node)['disableCheck'], true);
  assert.equal(render(read(JSON.stringify({ ...list, disableCheck: false })), node)['disableCheck'], false);
});
