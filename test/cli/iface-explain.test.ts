import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplainedIface } from '../../src/cli/run-iface-explain.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { realInterface, withoutInterface } from '../daemon/interface.ts';
import { runHeddle } from '../kernel/lab-harness.ts';
import { assertOutput } from '../support/output-schema.ts';

const explain = (...args: string[]) => runHeddle(['iface', 'explain', ...args]);

test('the choice is printed as a table and as JSON', { skip: withoutInterface }, async () => {
  const iface = realInterface ?? '';
  const { exitCode, stdout } = await explain('-iface', iface, '--json');
  assert.equal(exitCode, 0);
  const { chosen, candidates } = assertOutput('iface explain', stdout) as ExplainedIface;
  assert.equal(chosen?.interface, iface);
  assert.equal(candidates.find(({ isTaken }) => isTaken)?.address, chosen.address);
  const shown = await explain('--iface', iface);
  assert.match(shown.stdout, /^INTERFACE +ADDRESS +VERDICT +BECAUSE$/m);
  assert.match(shown.stdout, /taken +--iface names it/);
  assert.match(shown.stdout, /^Peers reach this node at /m);
});

test('where there is nothing to choose, the reasons are printed, and the failure', async () => {
  const { exitCode, stdout, stderr } = await explain('--iface', 'no-such-loom', '--json');
  assert.equal(exitCode, exitCodes.interface);
  const { chosen, refusals } = assertOutput('iface explain', stdout) as ExplainedIface;
  assert.deepEqual([chosen, refusals], [null, ['the interface no-such-loom does not exist']]);
  assert.match(stderr, /the interface no-such-loom does not exist/);
});
