import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainTcpdump } from '../../src/lab/capture-failure.ts';

const where = { lab: 'mine', place: 'node1' };

for (const [stderr, kind, message] of [
  [
    "timeout: failed to run command 'tcpdump': No such file or directory\n",
    'prerequisite',
    "tcpdump cannot be started: failed to run command 'tcpdump': No such file or directory",
  ],
  [
    "tcpdump: data link type LINUX_SLL2\ntcpdump: can't parse filter expression: syntax error\n",
    'usage',
    "tcpdump does not understand the filter: can't parse filter expression: syntax error",
  ],
  [
    'tcpdump: eth9: No such device exists\n(No such device exists)\n',
    'not-running',
    'tcpdump cannot capture in node1: eth9: No such device exists',
  ],
  [
    "tcpdump: Couldn't change to 'tcpdump' uid=104 gid=108: Operation not permitted\n",
    'privilege',
    "tcpdump does not run in a lab without root: Couldn't change to 'tcpdump' uid=104 gid=108: Operation not permitted",
  ],
  ['tcpdump: out of memory\n', 'lab-failed', 'tcpdump in node1 exited with status 1: out of memory'],
] as const) {
  test(`a failure of tcpdump is of the kind ${kind}: ${message}`, () => {
    const failure = explainTcpdump(stderr, 1, where);
    assert.deepEqual([failure.kind, failure.message], [kind, message]);
  });
}

test('an end by a signal is told without a status', () => {
  assert.equal(explainTcpdump('', undefined, where).message, 'tcpdump in node1 was ended by a signal');
});
