import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { WriteStream } from 'node:tty';
import { showProgress } from '../../../src/lab/report/progress.ts';
import type { LabEvent } from '../../../src/lab/protocol.ts';

const events: readonly LabEvent[] = [
  { event: 'store-step', step: 'starting kube-apiserver' },
  { event: 'built', afterMs: 7 },
  { event: 'overlay-ready', readyMs: 812 },
  { event: 'stopping' },
];

/** What is written on the way to a stream like that of a terminal, or of a file. */
function written(
  nodes: number,
  stream: { readonly isTTY: boolean; readonly columns?: number },
  terminal = 'xterm',
): string {
  const pipe = new PassThrough({ encoding: 'utf8' });
  const progress = showProgress(nodes, Object.assign(pipe, stream) as unknown as WriteStream, terminal);
  for (const event of events) progress.note(event);
  progress.end();
  return String(pipe.read());
}

test('progress is a line for each step if stderr is not a terminal', () => {
  assert.equal(
    written(2, { isTTY: false }),
    'lab: starting kube-apiserver\n' +
      'lab: underlay of 2 created in 7 ms, starting daemons\n' +
      'lab: every node knows every other after 812 ms, testing 2 pairs\n' +
      'lab: taking the networks down\n',
  );
});

test('a lab with one node does not report pairs', () => {
  assert.match(written(1, { isTTY: false }), /^lab: every node knows every other after 812 ms$/m);
});

test('on a terminal it is one line, no longer than that is wide', () => {
  const clear = '\r\u001b[2K';
  const lines = (columns: number): readonly string[] => written(2, { isTTY: true, columns }).split(clear);
  const cut = ['⠿ starting kube-api', '⠿ underlay of 2 cre', '⠿ every node knows ', '⠿ taking the networ'];
  assert.deepEqual(lines(20), ['', ...cut, '']);
  assert.equal(lines(0)[4], '⠿ taking the networks down', 'of a terminal that does not know its width');
});

test('a dumb terminal gets lines, and no escape codes', () => {
  const dumb = written(2, { isTTY: true, columns: 80 }, 'dumb');
  assert.equal(dumb, written(2, { isTTY: false }));
});

test('each step of a scenario is a line, and a failure is another', () => {
  const pipe = new PassThrough({ encoding: 'utf8' });
  const progress = showProgress(2, Object.assign(pipe, { isTTY: false }) as unknown as WriteStream);
  const step = {
    number: 2,
    line: 7,
    kind: 'kill',
    text: 'kill node2',
    note: 'x',
    detail: null,
    tookMs: 1,
  } as const;
  progress.note({ event: 'scenario-begun', readyMs: 812, steps: 2 });
  progress.note({ event: 'step-begun', number: 2, text: 'kill node2' });
  progress.note({ event: 'step-ended', step: { ...step, outcome: 'done' } });
  progress.note({ event: 'step-ended', step: { ...step, outcome: 'failed' } });
  assert.equal(
    String(pipe.read()),
    'lab: every node knows every other after 812 ms\nlab: step 2 of 2: kill node2\nlab: step 2 failed\n',
  );
});

test('a lab names what it waits for at each moment, with the command that takes long', () => {
  const progress = showProgress(
    2,
    Object.assign(new PassThrough(), { isTTY: false }) as unknown as WriteStream,
  );
  const node = { name: 'node1', subnet: '10.50.4.0/24' } as Extract<
    LabEvent,
    { event: 'node-ready' }
  >['node'];
  const seen = (event: LabEvent): string => {
    progress.note(event);
    return progress.waitsFor;
  };
  assert.equal(progress.waitsFor, 'its underlay and its store');
  assert.equal(seen({ event: 'built', afterMs: 7 }), '2 of 2 nodes to be ready');
  const what = 'PreStartupCommand (5.0 s so far, 30.0 s at most)';
  assert.equal(
    seen({ event: 'node-waits', node: 'node2', what }),
    '2 of 2 nodes to be ready (node2 waits for PreStartupCommand)',
  );
  assert.equal(seen({ event: 'node-ready', node, afterMs: 8 }), '1 of 2 nodes to be ready');
  assert.equal(seen({ event: 'node-ready', node, afterMs: 9 }), 'every node to know every other');
  assert.equal(seen({ event: 'overlay-ready', readyMs: 10 }), 'the answers of 2 pairs');
  assert.equal(seen({ event: 'stopping' }), 'the networks of its nodes to be taken down');
  progress.note({ event: 'scenario-begun', readyMs: 10, steps: 3 });
  assert.equal(
    seen({ event: 'step-begun', number: 2, text: 'pause for 300 s' }),
    'step 2 of 3 (pause for 300 s)',
  );
});
