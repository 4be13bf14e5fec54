import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { promises } from '../../src/lab/verify/promises.ts';
import type { PromiseReport, VerifyReport } from '../../src/lab/verify/report.ts';
import { assertOutput } from '../support/output-schema.ts';
import { reasonToSkip } from './harness/needs.ts';
import { machineState, runHeddle } from './lab-harness.ts';
import { unreadableCheckout } from '../../scripts/test/unprivileged.js';

const options = { skip: reasonToSkip() };

const brokenRecipe = (name: string): string =>
  fileURLToPath(new URL(`../recipes/broken/${name}.json`, import.meta.url));

interface Verified {
  readonly exitCode: number | undefined;
  readonly report: VerifyReport;
  readonly stderr: string;
}

async function verify(recipe: string, words: readonly string[], seconds = 60): Promise<Verified> {
  const args = ['lab', 'verify', recipe, ...words, '--json'];
  const { exitCode, stdout, stderr } = await runHeddle(args, { seconds });
  return { exitCode, report: assertOutput('lab verify', stdout) as VerifyReport, stderr };
}

function onlyRow({ report }: Verified): PromiseReport {
  const [row, ...others] = report.promises;
  assert.ok(row !== undefined && others.length === 0);
  return row;
}

/** The promise that each recipe breaks, the underlay where it does, and a part of the line to look at. */
const brokenPromises: readonly (readonly [string, string, string, ('switched' | 'routed')?])[] = [
  ['multicast-only', 'connects', 'SubnetAddCommand', 'routed'],
  ['small-overhead', 'mtu', 'Overhead'],
  ['leaves-neighbour', 'exact', 'SubnetRemoveCommand'],
  ['adds-once', 'repeatable', 'ip route add'],
  ['checks-routes-only', 'drift', 'CheckCommand'],
  ['rebuilds-device', 'restart', 'PreStartupCommand'],
  ['rebuilds-device', 'crash', 'PreStartupCommand'],
  ['works-on-after-its-end', 'interrupted', 'SubnetAddCommand'],
  ['random-metric', 'compiled', 'SubnetAddCommand'],
  ['evaluates-data', 'hostile', 'SubnetAddCommand'],
  ['keeps-first-address', 'address', 'SubnetRemoveCommand'],
  ['keeps-first-data', 'data', 'SubnetRemoveCommand'],
  ['leaves-device', 'clean', 'ShutdownCommand'],
];

test('every promise has a recipe that breaks it', () => {
  const covered = new Set(brokenPromises.map(([, id]) => id));
  assert.deepEqual(
    promises.map(({ id }) => id).filter((id) => !covered.has(id)),
    [],
  );
});

describe('a recipe that breaks one promise', { ...options, concurrency: 2 }, () => {
  for (const [name, id, line, underlay = 'switched'] of brokenPromises) {
    test(`${name} is caught by ${id}, with the line`, async () => {
      const file = brokenRecipe(name);
      const verified = await verify(file, ['--only', id, '--underlay', underlay]);
      const row = onlyRow(verified);
      assert.equal(verified.exitCode, exitCodes['lab-failed'], verified.stderr);
      assert.equal(row.kept, false);
      const [each] = row.tries;
      assert.equal(each?.outcome, 'broken', JSON.stringify(row));
      assert.equal(each.where?.file, file);
      const text = readFileSync(file, 'utf8').split('\n')[each.where.line - 1] ?? '';
      assert.ok(text.includes(line), `${text}: ${each.note}`);
    });
  }
});

describe('lab verify', options, () => {
  test('finds nothing wrong with the recipe that the broken ones are made of, and leaves nothing', async () => {
    const before = await machineState();
    const verified = await verify(brokenRecipe('whole'), ['--underlay', 'switched']);
    assert.equal(verified.exitCode, 0, JSON.stringify(verified.report));
    assert.deepEqual(
      verified.report.promises.map(({ id, kept }) => [id, kept]),
      promises.map(({ id }) => [id, true]),
    );
    assert.match(verified.stderr, /^verify: switched IPv4: drift kept \(\d+\.\d s\)$/m);
    assert.deepEqual(await machineState(), before);
  });

  test('deletes every object that vxlan makes, in both families and behind a router', async () => {
    const verified = await verify('vxlan', ['--only', 'drift', '--underlay', 'routed', '--families', 'dual']);
    const [each] = onlyRow(verified).tries;
    assert.equal(each?.outcome, 'kept', JSON.stringify(verified.report));
    assert.equal(each.note, '4 routes, 4 neighbours, 4 fdb entries, 2 addresses, 2 links');
  });

  test('says what a recipe lacks, without trying it', async () => {
    const file = fileURLToPath(new URL('../recipes/extension-host-gw.json', import.meta.url));
    const row = onlyRow(await verify(file, ['--only', 'drift', '--underlay', 'switched']));
    assert.deepEqual(
      row.tries.map(({ outcome, add }) => [outcome, add]),
      [['broken', 'CheckCommand']],
    );
  });

  test('says of host-gw behind routers that it needs one segment', async () => {
    const words = ['--only', 'connects', '--only', 'clean', '--underlay', 'routed', '--families', 'IPv4'];
    const verified = await verify('host-gw', words);
    assert.equal(verified.exitCode, 0, JSON.stringify(verified.report));
    const outcomes = verified.report.promises.map(({ tries }) => tries.map(({ outcome }) => outcome));
    assert.deepEqual(outcomes, [['expected'], ['kept']]);
  });

  test('works without root in a user namespace', async (t) => {
    const wrapper = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
    if ((await runHeddle(['--help'], { wrapper })).exitCode !== 0) {
      t.skip(unreadableCheckout);
      return;
    }
    const words = [
      'lab',
      'verify',
      'vxlan',
      '--only',
      'exact',
      '--underlay',
      'switched',
      '--families',
      'IPv6',
    ];
    const { exitCode, stdout, stderr } = await runHeddle(words, { wrapper, environment: { TMPDIR: '/tmp' } });
    assert.equal(exitCode, 0, stdout + stderr);
  });

  test('an unknown promise, and families that the recipe does not have, are refused', async () => {
    const unknown = await runHeddle(['lab', 'verify', 'vxlan', '--only', 'speed']);
    assert.equal(unknown.exitCode, exitCodes.usage);
    assert.match(unknown.stderr, /does not know the promise speed[\s\S]*choose from connects, mtu/);
    const families = await runHeddle(['lab', 'verify', brokenRecipe('whole'), '--families', 'dual']);
    assert.equal(families.exitCode, exitCodes.usage);
    assert.match(families.stderr, /does not have both families at once[\s\S]*it has IPv4/);
  });
});

/** With VERIFY_ALL=1, the rows that take long are tried, too. */
const isAll = process.env['VERIFY_ALL'] === '1';
const quickRows = ['exact', 'repeatable', 'drift', 'clean'];
/** A restart of host-gw loses a packet or none, as its routes are removed and added between two packets or not. */
const byChance = (recipe: string, id: string): boolean =>
  recipe === 'host-gw' && (id === 'restart' || id === 'crash');

describe('the table of docs/recipes.md about flannel’s recipes', options, () => {
  const page = readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8');
  const [header = [], , ...rows] =
    page
      .slice(page.indexOf('| row | host-gw |'))
      .split('\n\n', 1)[0]
      ?.split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', ''))) ?? [];
  const columns = {
    'host-gw': 'extension-host-gw',
    vxlan: 'extension-vxlan',
    wireguard: 'extension-wireguard-go',
  };

  test('has a row for each promise', () => {
    assert.deepEqual(
      rows.map(([, id]) => id),
      promises.map(({ id }) => id),
    );
  });

  for (const [name, file] of Object.entries(columns)) {
    const tools = name === 'wireguard' ? reasonToSkip('wg', 'wireguard-go') : options.skip;
    test(`says what is true of ${name}`, { skip: tools }, async () => {
      const recipe = fileURLToPath(new URL(`../recipes/${file}.json`, import.meta.url));
      const only = isAll ? [] : quickRows.flatMap((id) => ['--only', id]);
      const { report } = await verify(recipe, ['--underlay', 'switched', ...only], 300);
      const column = header.indexOf(name);
      for (const { id, kept, tries } of report.promises.filter((row) => !byChance(name, row.id))) {
        const cell = rows.find((row) => row[1] === id)?.[column];
        assert.equal(kept ? '✔' : '✘', cell, `${id}: ${tries[0]?.note ?? ''}`);
      }
    });
  }
});

describe('the included recipes keep their promises', options, () => {
  for (const name of isAll ? ['vxlan', 'host-gw', 'wireguard'] : []) {
    test(name, async () => {
      const { exitCode, report } = await verify(name, [], 300);
      assert.equal(exitCode, 0, JSON.stringify(report));
    });
  }
});
