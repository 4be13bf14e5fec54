import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { positionAt } from '../../../../src/diagnostic/source.ts';
import { findTopology, readScenario } from '../../../../src/lab/plan/scenario/read-scenario.ts';
import type { TopologyModel } from '../../../../src/lab/plan/underlay/model.ts';
import { readTopology } from '../../../../src/lab/plan/underlay/read-topology.ts';
import { blocksOf, readPage } from '../../../page.ts';
import type { Scenario, ScenarioLab, StepAction } from '../../../../src/lab/plan/scenario/scenario.ts';

const stores = {
  files: { serverName: undefined, takesLeases: true },
  etcd: { serverName: 'etcd', takesLeases: true },
  kubernetes: { serverName: 'apiserver', takesLeases: false },
};

function read(
  text: string,
  given: Partial<ScenarioLab> = {},
  hasFlanneld = false,
  topology?: TopologyModel,
): ReturnType<typeof readScenario> {
  return readScenario({ name: 'x.json', text }, 'x', { given, stores, hasFlanneld, topology });
}

function good(document: object, given: Partial<ScenarioLab> = {}): Scenario {
  const result = read(JSON.stringify(document), given);
  assert.ok(result.kind === 'valid', JSON.stringify(result));
  return result.value;
}

const action = (step: object, lab: object = {}): StepAction | undefined =>
  good({ Lab: lab, Steps: [step] }).steps[0]?.action;

/** The findings about a text, as `line:column code: message | hint`. */
function findings(text: string): readonly string[] {
  const result = read(text);
  assert.ok(result.kind === 'invalid', JSON.stringify(result));
  return result.diagnostics.map(({ code, message, hint, span }) => {
    const { line, column } = positionAt(text, span.offset);
    return `${line}:${column} ${code}: ${message}${hint === undefined ? '' : ` | ${hint}`}`;
  });
}

const wrongStep = (step: string, lab = '{}'): readonly string[] =>
  findings(`{ "Lab": ${lab}, "Steps": [\n${step}\n] }`);

test('the example of docs/lab.md is a scenario', () => {
  const example = blocksOf(readPage('docs/lab.md')).find(({ kind }) => kind === 'json');
  assert.equal(good(JSON.parse(example?.text ?? '') as object).steps.length, 5);
});

describe('the lab of a scenario', () => {
  const Steps = [{ Kill: 'node1' }];

  test('is the usual one without the key', () => {
    const { lab } = good({ Steps });
    assert.deepEqual([lab.nodes, lab.underlay, lab.store, lab.onExit], [3, 'switched', 'files', undefined]);
  });

  test('is what the file says, unless the command line says otherwise', () => {
    const Lab = {
      Nodes: 4,
      Underlay: 'routed',
      Store: 'etcd',
      LeaseTTL: 60,
      CheckInterval: 2,
      OnExit: 'leave',
    };
    const whole = {
      nodes: 4,
      underlay: 'routed',
      store: 'etcd',
      leaseTtl: 60,
      checkInterval: 2,
      onExit: 'leave',
      flanneldNodes: undefined,
    };
    assert.deepEqual(good({ Lab, Steps }).lab, whole);
    assert.deepEqual(good({ Lab, Steps }, { nodes: 2, store: 'files' }).lab, {
      ...whole,
      nodes: 2,
      store: 'files',
    });
  });

  test('decides which names exist', () => {
    assert.deepEqual(action({ Stop: 'etcd' }, { Store: 'etcd' }), { kind: 'stop', host: 'etcd' });
    assert.deepEqual(action({ Cut: 'node5' }, { Nodes: 5 }), { kind: 'cut', host: 'node5' });
    const result = read(JSON.stringify({ Lab: { Nodes: 5 }, Steps: [{ Cut: 'node5' }] }), { nodes: 4 });
    assert.equal(result.kind, 'invalid');
  });
});

describe('a scenario with a topology file', () => {
  const file = readTopology({
    name: 'sites.json',
    text: JSON.stringify({
      Segments: { lan: {}, wan: {} },
      Nodes: {
        east: { Links: [{ Segment: 'lan' }, { Segment: 'wan' }] },
        west: { Links: [{ Segment: 'wan' }] },
      },
      Routers: { gate: { Links: [{ Segment: 'lan' }, { Segment: 'wan' }] } },
    }),
  });
  assert.ok(file.kind === 'valid', JSON.stringify(file));
  const readHere = (step: object): ReturnType<typeof readScenario> =>
    read(JSON.stringify({ Lab: { Topology: 'sites.json' }, Steps: [step] }), {}, false, file.value);

  test('has the names of that file, and its routers are places', () => {
    const Run = { In: 'gate', Command: 'ip route' };
    const Impair = { Link: 'east:eth1', Loss: '1%' };
    const good = [{ Kill: 'west' }, { Run }, { Run: { ...Run, In: 'east-pod' } }, { Impair }];
    for (const step of [...good, { Impair: { ...Impair, Link: 'gate' } }])
      assert.equal(readHere(step).kind, 'valid', JSON.stringify(step));
    const all = readHere({ Expect: { Reach: 'all' } });
    assert.ok(all.kind === 'valid' && all.value.steps[0]?.action.kind === 'expect');
    assert.deepEqual(all.value.steps[0].action.condition.reach, [
      { from: 'east', to: 'west' },
      { from: 'west', to: 'east' },
    ]);
    for (const step of [
      { Kill: 'node1' },
      { Kill: 'gate' },
      { Run: { ...Run, In: 'gate-pod' } },
      { Impair: { ...Impair, Link: 'west:eth1' } },
    ])
      assert.equal(readHere(step).kind, 'invalid', JSON.stringify(step));
  });

  test('does not get the advice to have more nodes', () => {
    const result = readHere({ Kill: 'node9' });
    assert.ok(result.kind === 'invalid');
    assert.deepEqual(
      result.diagnostics.map(({ hint }) => hint),
      ['use one of east, west'],
    );
  });

  test('names the file, unless the command line decides about the nodes', () => {
    const source = { name: 'x.json', text: '{ "Lab": { "Topology": "sites.json" }, "Steps": [' };
    assert.equal(findTopology(source, {}), 'sites.json');
    assert.equal(findTopology(source, { nodes: 3 }), undefined);
    assert.equal(findTopology(source, { underlay: 'routed' }), undefined);
    for (const Topology of ['', 7, null]) {
      const text = JSON.stringify({ Lab: { Topology } });
      assert.equal(findTopology({ name: 'x.json', text }, {}), undefined);
    }
  });

  test('does not have settings that the file decides about', () => {
    assert.deepEqual(
      wrongStep('{ "Kill": "node1" }', '{ "Topology": "sites.json", "Nodes": 2, "Underlay": "routed" }'),
      [
        '1:38 unused-key: `Lab.Topology` decides about the nodes and their links | remove one of the two keys',
        '1:50 unused-key: `Lab.Topology` decides about the nodes and their links | remove one of the two keys',
      ],
    );
  });
});

describe('a step', () => {
  test('keeps its line and its title', () => {
    const result = read('{ "Steps": [\n  { "Title": "away", "Kill": "node1" },\n  { "Start": "node1" } ] }');
    assert.ok(result.kind === 'valid');
    assert.deepEqual(
      result.value.steps.map(({ line, title }) => [line, title]),
      [
        [2, 'away'],
        [3, undefined],
      ],
    );
  });

  test('runs a command in each kind of place', () => {
    for (const place of ['node1', 'node3-pod', 'underlay']) {
      const Run = { In: place, Command: 'ip link', Fails: true };
      assert.deepEqual(action({ Run }), { kind: 'run', place, command: 'ip link', fails: true });
    }
  });

  test('puts a lease of one family or of both', () => {
    const lease = { Subnet: '10.50.7.0/24', PublicIP: '192.0.2.1', BackendData: { VNI: 1 } };
    const put = action({ PutLease: lease });
    assert.ok(put?.kind === 'put-lease');
    assert.deepEqual([put.lease.key, put.lease.backendData], ['10.50.7.0-24', { VNI: 1 }]);
    const both = action({ PutLease: { ...lease, IPv6Subnet: 'fd00:1::/64', PublicIPv6: '2001:db8::1' } });
    assert.ok(both?.kind === 'put-lease');
    assert.equal(both.lease.key, '10.50.7.0-24&fd00:1::-64');
  });

  test('changes the limits of a link, or of all links of a host', () => {
    assert.deepEqual(action({ Impair: { Link: 'node1:eth0', MTU: 1400, Loss: '1.5%', Rate: '10mbit' } }), {
      kind: 'impair',
      link: 'node1:eth0',
      change: { mtu: 1400, loss: 1500, rate: 10_000_000 },
    });
    assert.deepEqual(action({ Impair: { Link: 'etcd', Clear: true, Delay: '20ms' } }, { Store: 'etcd' }), {
      kind: 'impair',
      link: 'etcd',
      change: { mtu: null, loss: null, rate: null, delay: 20 },
    });
    assert.deepEqual(action({ Impair: { Link: 'node2', Loss: 'none' } }), {
      kind: 'impair',
      link: 'node2',
      change: { loss: null },
    });
  });

  test('deletes the lease of a subnet, or of a node', () => {
    assert.deepEqual(action({ DeleteLease: '10.50.7.0/24' }), {
      kind: 'delete-lease',
      subnet: '10.50.7.0/24',
    });
    const subnet = '${node2.subnet}';
    assert.deepEqual(action({ DeleteLease: subnet }), { kind: 'delete-lease', subnet });
  });

  test('changes the recipe to a file, or by a patch', () => {
    assert.deepEqual(action({ ChangeRecipe: 'other.json' }), {
      kind: 'change-recipe',
      change: { kind: 'file', file: 'other.json' },
    });
    assert.deepEqual(action({ ChangeRecipe: { Backend: { Port: 1 } } }), {
      kind: 'change-recipe',
      change: { kind: 'merge', patch: { Backend: { Port: 1 } } },
    });
  });

  test('waits for 30 seconds, or as long as it says, for all pairs or for some', () => {
    const wait = action({ Wait: { Reach: 'all' } }, { Nodes: 2 });
    assert.ok(wait?.kind === 'wait');
    const pairs = [
      { from: 'node1', to: 'node2' },
      { from: 'node2', to: 'node1' },
    ];
    assert.deepEqual([wait.seconds, wait.condition.reach], [30, pairs]);
    const short = action({ Wait: { Unreachable: [['node1', 'node3']], Seconds: 5 } });
    assert.ok(short?.kind === 'wait');
    assert.deepEqual(
      [short.seconds, short.condition.reach, short.condition.unreachable],
      [5, [], [{ from: 'node1', to: 'node3' }]],
    );
  });

  test('expects states, entries and losses', () => {
    const pair = { From: 'node1', To: 'node2' };
    const entries = { place: 'node1', has: ['link flannel.1'], lacks: ['route ${node2.subnet}'] };
    const states = { node1: 'running', etcd: 'ended' };
    const { steps } = good({
      Lab: { Store: 'etcd' },
      Steps: [
        { Ping: pair },
        {
          Expect: {
            States: states,
            Entries: { In: 'node1', Has: entries.has, Lacks: entries.lacks },
            Lost: { ...pair, AtMost: 3 },
          },
        },
      ],
    });
    const expected = steps[1]?.action;
    assert.ok(expected?.kind === 'expect');
    assert.deepEqual(expected.condition, {
      reach: [],
      unreachable: [],
      states,
      entries,
      lost: { pair: { from: 'node1', to: 'node2' }, atMost: 3 },
    });
  });
});

describe('a mistake is reported at its place, with a suggestion', () => {
  const table: Readonly<Record<string, readonly [step: string, ...findings: string[]]>> = {
    'an unknown verb': [
      '{ "Kil": "node1" }',
      '2:3 unknown-key: `Steps[0]` does not have a key `Kil` | did you mean `Kill`?',
    ],
    'a step without a verb': [
      '{ "Title": "x" }',
      '2:1 missing-key: `Steps[0]` does not say what to do | add one of',
    ],
    'two verbs': [
      '{ "Kill": "node1", "Start": "node1" }',
      '2:20 unused-key: `Steps[0]` has both `Kill` and `Start`, but a step does one thing | make',
    ],
    'a node that does not exist': [
      '{ "Kill": "node4" }',
      '2:11 unknown-choice: the lab does not have a host `node4` | give the lab 4 nodes: `"Lab": { "Nodes": 4 }`',
    ],
    'a misspelt node': [
      '{ "Kill": "nod1" }',
      '2:11 unknown-choice: the lab does not have a host `nod1` | did you mean `node1`?',
    ],
    'the server of another store': [
      '{ "Stop": "etcd" }',
      '2:11 unknown-choice: the lab does not have a host `etcd` | use one of node1, node2, node3',
    ],
    'a word in place of a number': [
      '{ "Pause": "3" }',
      '2:12 wrong-type: `Steps[0].Pause` must be a whole number, not a string | write `3` without quotation marks',
    ],
    'a time that is too short': ['{ "Pause": 0 }', '2:12 out-of-bounds: `Steps[0].Pause` must be at least 1'],
    'an unknown key further inside': [
      '{ "Run": { "On": "node1", "In": "node1", "Command": "true" } }',
      '2:12 unknown-key: `Steps[0].Run` does not have a key `On` | did you mean `In`?',
    ],
    'a missing key further inside': [
      '{ "Ping": { "From": "node1" } }',
      '2:11 missing-key: `Steps[0].Ping.To` is missing | add one, such as `"To": "node2"`',
    ],
    'a pair of one node': [
      '{ "Expect": { "Reach": [["node1", "node1"]] } }',
      '2:35 malformed-value: a pair needs two nodes | name another node',
    ],
    'a pair of one name': [
      '{ "Expect": { "Reach": [["node1"]] } }',
      '2:25 out-of-bounds: `Steps[0].Expect.Reach[0]` must be at least 2 items long',
    ],
    'a word that is not all': [
      '{ "Expect": { "Reach": "every" } }',
      '2:24 unknown-choice: `Steps[0].Expect.Reach` must be `all`, or an array of pairs | write',
    ],
    'a condition without a part': [
      '{ "Wait": { "Seconds": 3 } }',
      '2:11 missing-key: `Steps[0].Wait` does not have a condition | add one of Reach',
    ],
    'an unknown state': [
      '{ "Wait": { "States": { "node1": "up" } } }',
      '2:34 unknown-choice: `Steps[0].Wait.States.node1` must be one of `running`, `degraded`, `ended`',
    ],
    'a loss without a ping': [
      '{ "Expect": { "Lost": { "From": "node1", "To": "node2", "AtMost": 0 } } }',
      '2:15 missing-key: no earlier step begins a ping from node1 to node2 | add a step before',
    ],
    'an unknown placeholder': [
      '{ "Run": { "In": "node1", "Command": "ping ${node2.podd}" } }',
      '2:38 unknown-choice: a node does not have a value `podd` | did you mean `pod`?',
    ],
    'a placeholder of an unknown node': [
      '{ "Expect": { "Entries": { "In": "node1", "Has": ["route ${node9.subnet}"] } } }',
      '2:51 unknown-choice: the lab does not have a node `node9` | give the lab 9 nodes',
    ],
    'an address in place of a subnet': [
      '{ "PutLease": { "Subnet": "10.50.0.0", "PublicIP": "192.0.2.1" } }',
      '2:27 malformed-address: `Steps[0].PutLease.Subnet` must be an IPv4 subnet, such as 10.50.0.0/24',
    ],
    'an address with a prefix length in place of a subnet': [
      '{ "DeleteLease": "10.50.7.9/24" }',
      '2:18 malformed-address: `Steps[0].DeleteLease` must be a subnet, such as 10.50.0.0/24 | the subnet of this address is 10.50.7.0/24',
    ],
    'a lease without an address': [
      '{ "PutLease": { "Subnet": "10.50.0.0/24" } }',
      '2:15 missing-key: `Steps[0].PutLease` does not have an address | add `PublicIP` or `PublicIPv6`',
    ],
    'a link that does not exist': [
      '{ "Impair": { "Link": "node1:eth1", "Loss": "1%" } }',
      '2:23 unknown-choice: the lab does not have a link `node1:eth1` | did you mean `node1:eth0`?',
    ],
    'a link of a node that does not exist': [
      '{ "Impair": { "Link": "node4:eth0", "Loss": "1%" } }',
      '2:23 unknown-choice: the lab does not have a link `node4:eth0` | give the lab 4 nodes',
    ],
    'a limit in a wrong form': [
      '{ "Impair": { "Link": "node1", "Loss": 5, "Rate": "10m", "MTU": 100 } }',
      '2:40 wrong-type: `Steps[0].Impair.Loss` must be a string, not a number',
      '2:51 malformed-value: `Steps[0].Impair.Rate` must be a whole number with `kbit`, `mbit` or `gbit`, such as `10mbit`, or `none`',
      '2:65 out-of-bounds: `Steps[0].Impair.MTU` must be at least 576',
    ],
    'limits that are not named': [
      '{ "Impair": { "Link": "node1" } }',
      '2:13 missing-key: `Steps[0].Impair` does not change a limit | add one of MTU, Loss, Rate, Delay, Clear',
    ],
    'a text in place of a step': [
      '"kill"',
      '2:1 wrong-type: `Steps[0]` must be an object, not a string | write',
    ],
  };
  for (const [what, [step, ...expected]] of Object.entries(table)) {
    test(what, () => {
      const found = wrongStep(step);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [index, wanted] of expected.entries())
        assert.ok(found[index]?.startsWith(wanted), found[index]);
    });
  }

  test('a lease in a cluster, whose leases are Nodes', () => {
    const [found] = wrongStep('{ "DeleteLease": "10.50.0.0/24" }', '{ "Store": "kubernetes" }');
    assert.match(
      found ?? '',
      /^2:3 unused-key: the leases of this store are Nodes .* --store files or --store etcd$/,
    );
  });

  test('a flanneld that the command line does not name, or on a node that does not exist', () => {
    const Lab = { FlanneldNodes: ['node1', 'node4'] };
    const text = JSON.stringify({ Lab, Steps: [{ StartWith: { Node: 'node2', Program: 'flanneld' } }] });
    assert.deepEqual(
      findings(text).map((each) => each.replace(/^\d+:\d+ /, '')),
      [
        'unused-key: this lab needs a flanneld | name one on the command line: --flanneld PATH',
        'unknown-choice: the lab does not have a node `node4` | give the lab 4 nodes: `"Lab": { "Nodes": 4 }`',
        'unused-key: this step needs a flanneld | name one on the command line: --flanneld PATH',
      ],
    );
    const result = read(text, { nodes: 4 }, true);
    assert.ok(result.kind === 'valid');
    assert.deepEqual(result.value.lab.flanneldNodes, ['node1', 'node4']);
    assert.deepEqual(result.value.steps[0]?.action, {
      kind: 'start-with',
      node: 'node2',
      program: 'flanneld',
    });
  });

  test('an unknown store, underlay and key of the lab', () => {
    const lab = '{ "Store": "etc", "Underlay": "wired", "Nodez": 2 }';
    const found = wrongStep('{ "Kill": "node1" }', lab);
    assert.deepEqual(
      found.map((text) => text.replace(/^\d+:\d+ /, '')),
      [
        'unknown-choice: `Lab.Store` must be one of `files`, `etcd`, `kubernetes` | did you mean `etcd`?',
        'unknown-choice: `Lab.Underlay` must be one of `switched`, `routed`',
        'unknown-key: `Lab` does not have a key `Nodez` | did you mean `Nodes`?',
      ],
    );
  });

  test('a document without steps, with none, with an unknown key, and one that is not JSON', () => {
    assert.match(findings('{}').join(), /^1:1 missing-key: `Steps` is missing \| add one, such as/);
    assert.match(findings('{ "Steps": [] }').join(), /out-of-bounds: `Steps` must be at least 1 item long/);
    assert.match(
      findings('{ "Step": [] }').join('\n'),
      /a scenario does not have a key `Step` \| did you mean `Steps`/,
    );
    assert.match(findings('{ "Steps": [{ "Kill": "node1" },] }').join(), /json-trailing-comma/);
    assert.match(findings('[]').join(), /must be an object, not an array/);
  });

  test('several mistakes at once, in the order of the text', () => {
    const text = '{ "Steps": [\n{ "Kil": "node1" },\n{ "Kill": "node7" },\n{ "Pause": 1.5 }\n] }';
    assert.deepEqual(
      findings(text).map((each) => each.split(' ')[0]),
      ['2:3', '3:11', '4:12'],
    );
  });
});
