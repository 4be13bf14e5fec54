import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { runHeddle } from './lab-harness.ts';
import { reasonToSkip } from './harness/needs.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const [, section = ''] = page.split('## Rehearse it\n');
const [, byHand = ''] = section.split('By hand:\n');
const [, block = ''] = byHand.split('```\n');

/** The commands that the page says to type by hand, but for the ping: it is for eyes, and its address is an example. */
const commands = block
  .split('\n')
  .map((line) => line.replace(/ +#.*/, ''))
  .filter((line) => line !== '' && !line.includes(' ping '));

test('each command of the rehearsal in docs/operations.md works', { skip: reasonToSkip() }, async (t) => {
  const name = `drill-${process.pid}`;
  t.after(() => runHeddle(['lab', 'down', '--name', name]));
  assert.ok(commands.length > 8);
  for (const command of commands) {
    const [program, ...args] = command.split(' ').map((word) => (word === 'drill' ? name : word));
    assert.equal(program, 'heddle');
    const ran = await runHeddle(args);
    // The device that was just deleted may not be back yet.
    const fine = command.endsWith('status') ? [0, exitCodes.degraded] : [0];
    assert.ok(fine.includes(ran.exitCode ?? -1), `${command}\n${ran.stderr}`);
  }
});
