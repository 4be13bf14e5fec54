import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usesColour } from '../../src/host/terminal-colour.ts';

type Case = readonly [isTTY: boolean, environment: Record<string, string>, expected: boolean];

const cases: readonly Case[] = [
  [true, {}, true],
  [true, { TERM: 'xterm' }, true],
  [true, { TERM: 'dumb' }, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [true, { FORCE_COLOR: 'false' }, false],
  [false, {}, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '0' }, false],
  [false, { TERM: 'dumb', FORCE_COLOR: '1' }, true],
];

for (const [isTTY, environment, expected] of cases) {
  const where = isTTY ? 'on a terminal' : 'in a pipe';
  test(`${where} with ${JSON.stringify(environment)} there are ${expected ? 'colours' : 'none'}`, () => {
    assert.equal(usesColour({ isTTY }, environment), expected);
  });
}
