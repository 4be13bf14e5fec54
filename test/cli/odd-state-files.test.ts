import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { withoutInterface } from '../daemon/interface.ts';
import { endBy, Place, startHeddle } from '../support/ending.ts';
import { until } from '../support/until.ts';

/** The objects that can be in the place of a file. */
const makers: Readonly<Record<string, (place: Place, name: string) => void>> = {
  'a FIFO': (place, name) => void place.fifo('state', name),
  'a directory': (place, name) => mkdirSync(join(place.state, name)),
  'a link that leads nowhere': (place, name) => symlinkSync('/nowhere/x', join(place.state, name)),
};

/** Each file that heddle keeps in its state directory, and the refusal of what is there in its place; `{}` if it does not matter. */
const files: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  journal: {
    'a FIFO': /the journal \S+ is damaged: it is not a regular file\n.*heddle down --forget/,
    'a directory': /the journal \S+ is damaged: it is not a regular file\n.*heddle down --forget/,
    'a link that leads nowhere': /the journal \S+ is damaged: it is a symbolic link\n.*heddle down --forget/,
  },
  'deployment.json': {
    'a FIFO': /deployment\.json is damaged: it is not a regular file\n.*heddle down --forget/,
    'a directory': /deployment\.json is damaged: it is not a regular file\n.*heddle down --forget/,
    'a link that leads nowhere': /deployment\.json is damaged: it is a symbolic link\n.*heddle down --forget/,
  },
  '.addresses.json': { 'a directory': /\.addresses\.json cannot be written: / },
  'heddle.pid': { 'a directory': /heddle\.pid cannot be written: / },
  'heddle.lock': {},
  'heddle.sock': {
    'a FIFO': /heddle\.sock exists and is not a socket\n/,
    'a directory': /heddle\.sock exists and is not a socket\n/,
    'a link that leads nowhere': /heddle\.sock exists and is not a socket\n/,
  },
  'lease.json': { 'a directory': /lease\.json cannot be written: / },
  '.commands': {
    'a FIFO': /\.commands exists and is not a directory\n.*move it away/,
    'a link that leads nowhere': /\.commands exists and is not a directory\n.*move it away/,
  },
};

const cases = Object.entries(files).flatMap(([name, refusals]) =>
  Object.keys(makers).map((what) => ({ name, what, refusal: refusals[what] })),
);

describe(
  'something else in the place of a file of the state directory',
  { skip: withoutInterface, concurrency: 3 },
  () => {
    for (const { name, what, refusal } of cases) {
      test(`${name} is ${what}: heddle up ${refusal === undefined ? 'is ready and ends' : 'says so'}`, async (t) => {
        const place = new Place(t);
        makers[what]?.(place, name);
        const up = startHeddle(t, place.up());
        if (refusal === undefined) {
          await until('ready', () => up.output().includes('ready: subnet'), up.output);
          assert.equal(await endBy(up, 'SIGTERM'), 0, up.output());
          return;
        }
        assert.equal(await endOf(up), exitCodes['state-directory'], up.output());
        assert.match(up.output(), refusal);
        assert.doesNotMatch(up.output(), /internal error|defect/);
        if (!String(refusal).includes('--forget')) return;
        const forget = startHeddle(t, ['down', '--forget', '--state-dir', place.state]);
        assert.equal(await endOf(forget), 0, forget.output());
        const again = startHeddle(t, place.up());
        await until('ready', () => again.output().includes('ready: subnet'), again.output);
        assert.equal(await endBy(again, 'SIGTERM'), 0, again.output());
      });
    }
  },
);

/** The end of a command that does not wait. */
async function endOf(ran: ReturnType<typeof startHeddle>): Promise<number | NodeJS.Signals> {
  await until('its end', () => ran.child.exitCode !== null || ran.child.signalCode !== null, ran.output);
  return ran.ended;
}
