import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { reasonToSkip } from './harness/needs.ts';
import { heddle } from './lab-harness.ts';

/** Runs shell text in namespaces of its own, where no other lab is in sight; nothing of it outlives this. */
async function runAlone(text: string): Promise<string> {
  const shell = ['sh', '-c', `heddle() { "${process.execPath}" "${heddle}" "$@"; }\n${text}`];
  const { all } = await execa(
    'unshare',
    ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', ...shell],
    {
      reject: false,
      all: true,
      timeout: 60_000,
    },
  );
  return all;
}

const verbs = ['ps', 'exec node1 true', 'stop node1', 'kill node1', 'start node1', 'cut node1', 'join node1'];

describe('a lab verb without --name', { skip: reasonToSkip() }, () => {
  test('is about the lab that was not given one, and touches no other', async () => {
    const said = await runAlone(`
      heddle lab up host-gw --nodes 1 --name other >/dev/null 2>&1
      for verb in ${[...verbs, 'down'].map((verb) => `'${verb}'`).join(' ')}; do
        heddle lab $verb
        echo "$?"
      done
      heddle lab ps --name other | head -n 1
      heddle lab down --name other`);
    const refusal = `heddle: no lab named default is running\n  choose a running lab with --name other\n${exitCodes['not-running']}\n`;
    const end = 'Lab other, recipe host-gw\nThe lab other was removed.';
    assert.equal(said, refusal.repeat(verbs.length + 1) + end);
  });

  test('takes part in a whole life, and down names what it ended', async () => {
    const said = await runAlone(`
      heddle lab up host-gw --nodes 1 2>/dev/null | tail -n 2
      heddle lab exec node1 hostname
      heddle lab down
      heddle lab down`);
    const [up, ...rest] = said.split('\n');
    assert.match(
      up ?? '',
      /^The lab default is up, ready in \d+ ms\. Look inside: heddle lab exec node1 -- /,
    );
    assert.deepEqual(rest, [
      'End it: heddle lab down',
      'node1',
      'The lab default was removed.',
      'heddle: no lab named default is running',
      '  start one with heddle lab up RECIPE',
    ]);
  });
});
