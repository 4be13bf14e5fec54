import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceReport } from '../../src/lab/trace/report.ts';
import type { LabPage, PagePair } from '../../src/page/model.ts';
import { findProblems, noteOnCommands } from '../../src/page/view/problems.ts';
import { labPage, topologyOf } from './lab-of-twenty.ts';

const node = (name: string, changes: object = {}) =>
  ({
    name,
    publicIp: '172.30.0.1',
    addresses: [],
    daemon: 'ready',
    pid: 7,
    link: 'joined',
    ended: null,
    holderPid: 6,
    subnet: '10.50.1.0/24',
    pod: '10.50.1.2',
    mtu: 1450,
    ...changes,
  }) as LabPage['listing']['nodes'][number];

const listing = (...nodes: LabPage['listing']['nodes']) => ({ nodes, server: null, routers: [] });

const lost = (cause: string, place: string): TraceReport => ({
  lab: 'demo',
  recipe: 'vxlan',
  family: 4,
  size: 112,
  noFrames: null,
  hops: [],
  answerHops: [],
  translations: [],
  counters: [],
  firewall: [],
  suspicions: [],
  from: { place: 'node1-pod', address: '10.50.1.2' },
  to: { place: 'node2-pod', address: '10.50.2.2' },
  outcome: {
    kind: 'lost',
    packet: 'request',
    cause,
    place,
    shows: 'look at it',
    repairs: 'repair it',
    lastSeen: { place: 'node2', interface: 'eth0', direction: 'in' },
  },
});

const failed = (from: string, to: string, reason: string | null = null): PagePair => ({
  from,
  to,
  ok: false,
  rttMs: null,
  mtuPasses: null,
  reason,
});

const sentences = (changes: Partial<LabPage>): readonly string[] =>
  findProblems(labPage(changes)).map(({ where, what }) => `${where ?? ''}: ${what}`);

test('a lab in which every pair works has no problem', () => {
  assert.deepEqual(findProblems(labPage()), []);
});

test('a problem names the place of its cause, not the one where the packet began', () => {
  const [problem] = findProblems(
    labPage({ traces: [lost('the firewall of node2 drops the packet', 'node2')] }),
  );
  assert.deepEqual(problem, {
    where: 'node2',
    what: 'the firewall of node2 drops the packet',
    look: 'look at it',
    repair: 'repair it',
    detail: 'node1-pod → node2-pod, 112 bytes: the request was last seen on node2, arriving on eth0',
  });
});

test('a report says that its commands do not reach a lab that is gone, and how to get a lab that they reach', () => {
  const trace = lost('the route is missing', 'node1');
  assert.equal(trace.outcome.kind, 'lost');
  const shows = 'heddle lab exec --name run-7 node1 -- ip route';
  const traces = [{ ...trace, outcome: { ...trace.outcome, shows, repairs: null } }];
  const noteOf = (changes: Partial<LabPage>): string | null => {
    const page = labPage({ traces, ...changes });
    return noteOnCommands(page, findProblems(page));
  };
  const failed = { kind: 'failed', text: 'Failed' } as const;
  assert.match(
    noteOf({ isGone: true, verdict: failed }) ?? '',
    /^The lab of this report was taken down, so its commands, heddle lab …, do not work any more\. .* --keep-failed: /,
  );
  assert.doesNotMatch(
    noteOf({ isGone: true, verdict: { kind: 'passed', text: 'Passed' } }) ?? 'none',
    /none|keep/,
  );
  assert.equal(noteOf({ isGone: false, verdict: failed }), null, 'the lab was kept');
  assert.equal(noteOf({ isGone: true, verdict: failed, traces: [] }), null, 'no command');
});

test('one cause that several traces find is one problem', () => {
  const trace = lost('the route is missing', 'node1');
  assert.deepEqual(sentences({ traces: [trace, trace] }), ['node1: the route is missing']);
});

test('a cut link comes first, with the command that joins it, and its device is not a second cause', () => {
  const page = labPage({
    nameOption: ' --name demo',
    listing: listing(node('node1'), node('node2', { link: 'cut' })),
    traces: [
      lost('the device eth0 of node2 is down', 'node2'),
      lost('the device flannel.1 of node1 is down', 'node1'),
      lost('the route is missing', 'node1'),
    ],
  });
  const problems = findProblems(page);
  assert.deepEqual(
    problems.map(({ what, repair }) => [what, repair]),
    [
      ['node2 is disconnected from the underlay', 'heddle lab join --name demo node2'],
      ['the device flannel.1 of node1 is down', 'repair it'],
      ['the route is missing', 'repair it'],
    ],
  );
});

test('a device that is down is a cause while no link is cut', () => {
  const changes = {
    listing: listing(node('node1')),
    traces: [lost('the device eth0 of node2 is down', 'node2')],
  };
  assert.deepEqual(sentences(changes), ['node2: the device eth0 of node2 is down']);
});

test('daemons that failed, are degraded or do not run are named with their reasons', () => {
  const since = '2026-01-01T00:00:00Z';
  const shown = sentences({
    listing: listing(
      node('node1', { daemon: 'failed', ended: 'exited with status 10' }),
      node('node2'),
      node('node3', { daemon: 'stopped', ended: 'was ended by SIGKILL' }),
    ),
    states: ['node1', 'node2', 'node3'].map((name) => ({
      node: name,
      state: 'degraded',
      because: 'the store is away',
      since,
    })),
  });
  assert.deepEqual(shown, [
    'node1: the program of node1 has failed: it exited with status 10',
    'node2: node2 is degraded: the store is away',
    'node3: the daemon of node3 does not run, so nothing repairs its network: it was ended by SIGKILL',
  ]);
});

test('a command that still fails is named with its line, one that has succeeded since is not', () => {
  const failure = {
    node: 'node1',
    command: 'SubnetAddCommand',
    peer: '10.50.2.0/24',
    how: 'exited with status 7',
    where: { file: 'mine.json', line: 12 },
    frame: [],
    stderr: 'no such device',
    count: 2,
    lastAt: '',
  };
  const page = labPage({
    failures: [
      { ...failure, isOver: true },
      { ...failure, isOver: false },
    ],
  });
  assert.deepEqual(
    findProblems(page).map(({ where, what, detail }) => [where, what, detail]),
    [
      [
        'node1',
        'SubnetAddCommand (mine.json:12) on node1 for 10.50.2.0/24 exited with status 7',
        'no such device',
      ],
    ],
  );
});

test('the pairs of one node are one problem, the node with the most of them first', () => {
  const pairs = [
    ...[failed('node1', 'node4', 'refused'), failed('node2', 'node1'), failed('node1', 'node2')],
    ...[failed('node2', 'node3'), failed('node3', 'node2')],
  ];
  assert.deepEqual(sentences({ pairs }), [
    'node2: the pod of node2 and the pods of node1 and node3 do not reach each other: no answer',
    'node1: the pod of node1 does not reach the pod of node4: refused',
  ]);
});

test('a pair that fails one way only is told as such, and a lost large packet as the MTU', () => {
  const large = { ...failed('node3', 'node1'), rttMs: 0.2, mtuPasses: false };
  assert.deepEqual(sentences({ pairs: [failed('node1', 'node2'), large] }), [
    'node1: the pod of node1 does not reach the pod of node2: no answer',
    'node1: the pod of node3 does not reach the pod of node1: a packet of the published MTU is lost',
  ]);
});

test('of a node of 20 that reaches nobody, eight others are named and the rest are counted', () => {
  const names = topologyOf(20, 'switched').hosts.map(({ name }) => name);
  const others = names.filter((name) => name !== 'node2');
  const pairs = others.flatMap((name) => [failed('node2', name), failed(name, 'node2')]);
  assert.deepEqual(sentences({ pairs }), [
    'node2: the pod of node2 and the pods of node1, node3, node4, node5, node6, node7, node8, node9 and 11 more do not reach each other: no answer',
  ]);
});

test('a reason of the run is shown unless a pair or another problem says the same', () => {
  const reasons = [
    'the pod of node1 does not reach the pod of node2: 10.50.2.2 did not answer the ping',
    'node2: 3 interfaces were left behind',
  ];
  assert.deepEqual(
    sentences({ pairs: [failed('node1', 'node2', '10.50.2.2 did not answer the ping')], reasons }),
    [
      'node1: the pod of node1 does not reach the pod of node2: 10.50.2.2 did not answer the ping',
      ': node2: 3 interfaces were left behind',
    ],
  );
});

test('a failed step of a scenario is named with its line', () => {
  const step = {
    number: 2,
    line: 9,
    kind: 'Expect',
    text: 'every pair answers',
    tookMs: 4,
    detail: null,
  };
  const steps = [{ ...step, outcome: 'failed', note: 'node1 does not' }] as unknown as LabPage['steps'];
  assert.deepEqual(sentences({ steps }), [': step 2 failed (line 9): every pair answers: node1 does not']);
});

test('a page lists at most 30 problems', () => {
  const reasons = Array.from({ length: 40 }, (_, index) => `reason ${index}.`);
  assert.equal(sentences({ reasons }).length, 30);
});

test('a node without a status is not running', () => {
  const page = { ...labPage(), page: 'node', status: null, timeline: { entries: [], omitted: 0 } } as const;
  assert.deepEqual(
    findProblems({ ...page, failures: [] }).map(({ what }) => what),
    ['the node is not running'],
  );
});
