import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { positionAt } from '../../../../src/diagnostic/source.ts';
import { renderTopologySchema } from '../../../../src/lab/plan/underlay/json-schema.ts';
import { readTopology } from '../../../../src/lab/plan/underlay/read-topology.ts';
import { modelOf } from './topology-text.ts';

const examples = new URL('../../../../docs/topologies/', import.meta.url);

/** The findings about a text: line, column, code and message, with the hint. */
function findingsOf(text: string): readonly string[] {
  const read = readTopology({ name: 'topology.json', text });
  if (read.kind === 'valid') return [];
  return read.diagnostics.map(({ code, message, hint, source, span }) => {
    const { line, column } = positionAt(source.text, span.offset);
    return `${line}:${column} ${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
  });
}

test('each example is right', () => {
  const files = readdirSync(examples).filter(
    (file) => file.endsWith('.json') && !file.endsWith('.schema.json'),
  );
  assert.equal(files.length, 4);
  for (const file of files)
    assert.deepEqual(findingsOf(readFileSync(new URL(file, examples), 'utf8')), [], file);
});

test('docs/topologies/topology.schema.json is current', () => {
  const file = new URL('topology.schema.json', examples);
  // After a deliberate change, UPDATE_GOLDEN=1 writes the file.
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, renderTopologySchema());
  assert.equal(readFileSync(file, 'utf8'), renderTopologySchema());
});

test('links have the MTU of their segment, unless they have their own', () => {
  const { nodes, store } = modelOf({
    Segments: { lan: { MTU: 1400 } },
    Nodes: {
      node1: { Links: [{ Segment: 'lan' }] },
      node2: { Links: [{ Segment: 'lan', MTU: 9000, Loss: '1.5%', Rate: '10mbit', Delay: '20ms' }] },
    },
  });
  assert.deepEqual(
    nodes.map(({ links }) => links[0]?.impairment),
    [
      { mtu: 1400, loss: undefined, rate: undefined, delay: undefined },
      { mtu: 9000, loss: 1500, rate: 10_000_000, delay: 20 },
    ],
  );
  assert.equal(store.impairment.mtu, 1400);
});

test('parameters of a node are text, as --param gives them', () => {
  const { nodes } = modelOf({
    Segments: { lan: {} },
    Nodes: {
      node1: {
        Links: [{ Segment: 'lan' }],
        Parameters: { VNI: 7, Learning: false, Mode: 'l2' },
        Recipe: 'vxlan',
      },
    },
  });
  assert.deepEqual(nodes[0]?.parameters, { VNI: '7', Learning: 'false', Mode: 'l2' });
  assert.equal(nodes[0].recipe, 'vxlan');
});

test('the store is outside of NAT, unless the file says where', () => {
  const document = {
    Segments: { home: {}, internet: {} },
    Nodes: { node1: { Links: [{ Segment: 'home' }] } },
    Routers: {
      box: { Links: [{ Segment: 'home' }, { Segment: 'internet' }], NAT: { Outside: 'internet' } },
    },
  };
  assert.equal(modelOf(document).store.segment, 'internet');
  assert.equal(modelOf({ ...document, Store: { Segment: 'home' } }).store.segment, 'home');
});

test('mistakes are all named, each at its place', () => {
  const text = `{
  "Segments": { "lan": { "IPv4": "192.0.2.0/24", "Mtu": 1400 }, "wan": { "IPv4": "192.0.2.128/25" } },
  "Nodes": {
    "node1": { "Links": [{ "Segment": "lam" }] },
    "node2": { "Links": [{ "Segment": "lan", "IPv4": "192.0.3.2", "Loss": "5" }] },
    "node3": { "Links": [{ "Segment": "wan", "Rate": "fast" }] },
    "Node_4": { "Links": [] }
  },
  "Routers": { "lan": { "Links": [{ "Segment": "lan" }] } }
}`;
  assert.deepEqual(findingsOf(text), [
    '2:50 unknown-key: `Segments.lan` does not have a key `Mtu` (did you mean `MTU`?)',
    '2:82 unusable-network: the network 192.0.2.128/25 of `wan` overlaps that of `lan` (give each segment a network of its own)',
    '4:39 unknown-choice: `Nodes.node1.Links[0].Segment` must be one of the segments lan, wan (did you mean `lan`?)',
    '5:54 malformed-address: `Nodes.node2.Links[0].IPv4` must be an address of `Segments.lan`, which is 192.0.2.0/24',
    '5:75 malformed-value: `Nodes.node2.Links[0].Loss` must be a percentage such as `1.5%`',
    '6:5 missing-key: `Nodes.node3` does not have a way to `node2`: no router joins their segments (add a router with a link to each of the two segments)',
    '6:54 malformed-value: `Nodes.node3.Links[0].Rate` must be a whole number with `kbit`, `mbit` or `gbit`, such as `10mbit`',
    '7:5 bad-name: the name `Node_4` must have at most 10 small letters, digits and dashes, and begin with a letter',
    '7:26 out-of-bounds: `Nodes.Node_4.Links` must be at least 1 item long',
    '9:16 reserved-name: the name `lan` is already in use in this file (give each segment, node and router a name of its own)',
    '9:16 out-of-bounds: `Routers.lan` must have links to two segments at least',
  ]);
});

test('what NAT names must be there', () => {
  const text = `{
  "Segments": { "net": {}, "home": {} },
  "Nodes": { "node1": { "Links": [{ "Segment": "net" }] }, "node2": { "Links": [{ "Segment": "home" }] } },
  "Routers": {
    "box": { "Links": [{ "Segment": "net" }, { "Segment": "home" }], "NAT": { "Outside": "hom", "Forward": "node2" } },
    "box2": { "Links": [{ "Segment": "net" }, { "Segment": "home" }], "NAT": { "Outside": "net", "Forward": "node1" } }
  },
  "Store": { "Segment": "nets" }
}`;
  assert.deepEqual(findingsOf(text), [
    '5:90 unknown-choice: `Routers.box.NAT.Outside` must be a segment of the router: net, home (did you mean `home`?)',
    '6:109 unknown-choice: `Routers.box2.NAT.Forward` must be a node whose first link is to a segment behind the router: node2 (did you mean `node2`?)',
    '8:25 unknown-choice: `Store.Segment` must be one of the segments net, home (did you mean `net`?)',
  ]);
});

test('a document without its parts is named as such', () => {
  assert.deepEqual(findingsOf('{}'), [
    '1:1 missing-key: `Segments` is missing (add one, such as `"Segments": {"lan":{}}`)',
    '1:1 missing-key: `Nodes` is missing (add one, such as `"Nodes": {"node1":{"Links":[{"Segment":"lan"}]}}`)',
  ]);
  assert.match(findingsOf('[]').join(), /^1:1 wrong-type: the document must be an object/);
  assert.match(
    findingsOf('{"Segments": {"a": {}}, "Nodes": {}}').join(),
    /out-of-bounds: `Nodes` must have from 1 to 50 nodes/,
  );
});
