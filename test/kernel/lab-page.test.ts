import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { LabListing } from '../../src/lab/ps.ts';
import { TemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { findBarriers, openPage, startBrowser, type OpenPage } from './harness/browser.ts';
import { brokenLabs } from './harness/broken-labs.ts';
import { reasonToSkip } from './harness/needs.ts';
import { runHeddle, spawnLab, type LabProcess } from './lab-harness.ts';

const skip = reasonToSkip('tcpdump', 'nft', 'iptables', 'chromium');
const name = `page-${process.pid}`;
const named = ['--name', name];
const directory = new TemporaryDirectory();
process.on('exit', () => directory.remove());

async function lab(verb: string, ...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runHeddle(['lab', verb, ...named, ...words]);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

async function inside(place: string, line: string): Promise<string> {
  return (await lab('exec', place, '--', 'sh', '-c', line)).trim();
}

const listing = async (): Promise<LabListing> => JSON.parse(await lab('ps', '--json')) as LabListing;

/** Writes a screenshot into docs/, if the run is asked to. */
async function screenshot({ page }: OpenPage, file: string, height: number): Promise<void> {
  if (process.env['UPDATE_GOLDEN'] === undefined) return;
  const image = await page.screenshot({
    clip: { x: 0, y: 0, width: page.viewportSize()?.width ?? 0, height },
  });
  writeFileSync(fileURLToPath(new URL(`../../docs/${file}`, import.meta.url)), image);
}

let browser: Browser;

describe('heddle lab up --page', { skip }, () => {
  let process_: LabProcess;
  let address = '';
  let nodes: LabListing['nodes'] = [];
  let vtep = { address: '', mac: '' };

  before(async () => {
    browser = await startBrowser();
    process_ = spawnLab(['up', 'vxlan', '--nodes', '3', ...named, '--page']);
    address = await until(
      'the address of the page',
      () => /The page of the lab: (\S+)/.exec(process_.stdout())?.[1],
      () => process_.stderr(),
    );
  });
  after(async () => {
    await runHeddle(['lab', 'down', ...named]);
    await process_.ended;
    await browser.close();
  });

  test('shows what lab ps shows, and the tested pairs, and asks only its own server', async () => {
    const shown = await openPage(browser, address);
    await shown.page.waitForSelector('.matrix button');
    await shown.page.waitForSelector('.walk');
    await shown.page.waitForSelector('#kernel details');
    const rows: (readonly string[])[] = [];
    for (const row of await shown.page.locator('.hosts tbody tr').all())
      rows.push(await row.locator('th, td').allInnerTexts());
    const expected = (await listing()).nodes.map((node) => [
      ...[node.name, node.daemon, 'running', String(node.pid), node.link],
      ...[node.publicIp, node.subnet, node.pod, String(node.mtu)],
    ]);
    assert.deepEqual(rows, expected);
    assert.equal(await shown.page.locator('.matrix button').count(), 6);
    assert.equal(await shown.page.locator('.tunnel.works').count(), 3);
    assert.match(await shown.page.locator('#kernel').innerText(), /On node1/);
    assert.match(await shown.page.locator('#timeline').innerText(), /compiled/);
    const origin = new URL(address).origin;
    assert.deepEqual(
      shown.requests.filter((url) => !url.startsWith(origin) && !url.startsWith('data:')),
      [],
    );
    assert.deepEqual(shown.complaints, []);
    await screenshot(shown, 'page-lab.png', 900);
    await shown.page.close();
  });

  test('shows a cut link', async (t) => {
    const shown = await openPage(browser, address);
    await shown.page.waitForSelector('[data-cable="node2:eth0"].joined', { state: 'attached' });
    await lab('cut', 'node2');
    const cutAt = performance.now();
    await shown.page.waitForSelector('[data-cable="node2:eth0"].cut', { state: 'attached' });
    t.diagnostic(`shown ${Math.round(performance.now() - cutAt)} ms after the command had ended`);
    assert.match(
      await shown.page.locator('#problems').innerText(),
      /node2 is disconnected from the underlay/,
    );
    await lab('join', 'node2');
    await shown.page.waitForSelector('[data-cable="node2:eth0"].joined', { state: 'attached' });
    assert.match(await shown.page.locator('#timeline').innerText(), /node2: disconnected from the underlay/);
    await shown.page.close();
  });

  test('has no barrier for anybody, on a wide screen and on a phone, light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        const shown = await openPage(browser, address, { colorScheme, width });
        await shown.page.waitForSelector('.matrix button');
        assert.deepEqual(await findBarriers(shown.page), []);
        const over = await shown.page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
        assert.ok(Number(over) <= 0, `the page is ${String(over)} pixels too wide on ${width}`);
        if (width === 360 && colorScheme === 'dark') await screenshot(shown, 'page-phone.png', 900);
        await shown.page.close();
      }
    }
  });

  test('lets the keyboard choose a pair', async () => {
    const shown = await openPage(browser, address);
    await shown.page.waitForSelector('.matrix button');
    await shown.page.locator('.matrix button').first().focus();
    await shown.page.keyboard.press('Enter');
    assert.match(await shown.page.locator('.chosen').innerText(), /^node1 → node2: /);
    await shown.page.close();
  });

  test('is closed to whoever does not know its token, or comes by another name', async () => {
    const { origin, search } = new URL(address);
    for (const path of ['/', '//', '/events', `/?token=${'x'.repeat(32)}`])
      assert.equal((await fetch(origin + path)).status, 403, path);
    assert.equal((await fetch(`${origin}/${search}`, { method: 'POST' })).status, 405);
    assert.equal((await fetch(`${origin}/other${search}`)).status, 404);
    const answer = await fetch(`${origin}/${search}`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'; script-src 'sha256-/);
    assert.doesNotMatch(policy, /unsafe/);
  });

  describe('tells by itself what is wrong', () => {
    before(async () => {
      ({ nodes } = await listing());
      for (const node of nodes) await lab('kill', node.name);
      const own = nodes[1]?.subnet?.replace('/24', '') ?? '';
      const entry = await inside('node1', `ip neigh show ${own} dev flannel.1`);
      vtep = { address: own, mac: /lladdr (\S+)/.exec(entry)?.[1] ?? '' };
      assert.notEqual(vtep.mac, '');
    });

    for (const { what, breaks, repairs, cause } of brokenLabs(() => ({ nodes, vtep }))) {
      test(`finds ${what}`, async () => {
        const shown = await openPage(browser, address);
        try {
          for (const [place, line] of breaks()) await inside(place, line);
          const words = (): Promise<readonly string[]> =>
            shown.page.locator('.problems .what').allInnerTexts();
          await until(
            `the page to name ${what}`,
            async () => (await words()).some((text) => cause().test(text)),
            async () => (await words()).join('\n'),
          );
          assert.deepEqual(shown.complaints, []);
        } finally {
          for (const [place, line] of repairs()) await inside(place, line);
          await shown.page.close();
        }
      });
    }
  });
});

describe('heddle lab run --report', { skip }, () => {
  const file = join(directory.path, 'report.html');
  const hostile = `</script><script>document.title='taken'</script><img src=x onerror=alert(1)>`;

  before(async () => {
    browser = await startBrowser();
    const recipe = JSON.parse(readFileSync(new URL('../../recipes/vxlan.json', import.meta.url), 'utf8')) as {
      Backend: Record<string, unknown>;
    };
    recipe.Backend['SubnetAddCommand'] = [
      'echo before',
      `printf '%s\\n' ${JSON.stringify(hostile).replaceAll("'", '')} >&2; exit 7`,
    ];
    const broken = join(directory.path, 'broken.json');
    writeFileSync(broken, JSON.stringify(recipe, undefined, 2));
    const run = await runHeddle(['lab', 'run', broken, '--nodes', '2', '--timeout', '5', '--report', file]);
    assert.equal(run.exitCode, exitCodes['lab-failed'], run.stderr);
  });
  after(() => browser.close());

  test('of a failed run is a small file that needs no server and shows hostile output as text', async () => {
    assert.ok(statSync(file).size < 1_000_000, String(statSync(file).size));
    const shown = await openPage(browser, pathToFileURL(file).href);
    assert.deepEqual(
      shown.requests.filter((url) => !url.startsWith('data:')),
      [pathToFileURL(file).href],
    );
    assert.deepEqual(shown.complaints, []);
    assert.doesNotMatch(await shown.page.title(), /taken/);
    assert.equal(await shown.page.locator('img').count(), 0);
    const failures = await shown.page.locator('#failures').innerText();
    assert.match(failures, /SubnetAddCommand on node1/);
    assert.match(failures, /exited with status 7 \(\S*broken\.json:\d+\)/);
    assert.ok(failures.includes('<img src=x'), failures);
    assert.match(await shown.page.locator('.frame-lines .marked').first().innerText(), /exit 7/);
    const problems = await shown.page.locator('#problems').innerText();
    assert.match(problems, /^Look: heddle lab exec --name run-/m);
    assert.match(problems, /The lab of this report was taken down, .* repeat the run with --keep-failed/);
    assert.deepEqual(await findBarriers(shown.page), []);
    await screenshot(shown, 'page-report.png', 900);
  });

  test('of a scenario shows its steps, and its faults in the time line', async () => {
    const scenario = join(directory.path, 'faults.json');
    const steps = [
      { Cut: 'node2' },
      { Join: 'node2' },
      { Title: 'a crash', Kill: 'node2' },
      { Expect: { Entries: { In: 'node1', Has: ['link flannel.9'] } } },
    ];
    writeFileSync(scenario, JSON.stringify({ Lab: { Nodes: 2 }, Steps: steps }));
    const report = join(directory.path, 'scenario.html');
    const words = ['lab', 'run', 'vxlan', '--scenario', scenario, '--report', report];
    const run = await runHeddle(words, { seconds: 60 });
    assert.equal(run.exitCode, exitCodes['lab-failed'], run.stderr);
    const { page } = await openPage(browser, pathToFileURL(report).href);
    const rows: (readonly string[])[] = [];
    for (const row of await page.locator('#steps tbody tr').all())
      rows.push(await row.locator('th, td').allInnerTexts());
    assert.deepEqual(
      rows.map(([number, , result]) => [number, result?.split(':', 1)[0]]),
      [
        ['1', 'done'],
        ['2', 'done'],
        ['3', 'done'],
        ['4', 'failed'],
      ],
    );
    assert.equal(rows[2]?.[1], 'a crash');
    assert.match(await page.locator('#problems').innerText(), /step 4 failed \(line \d+\): .*flannel\.9/);
    await page.locator('#timeline-kind').selectOption('fault');
    const faults = await page.locator('#timeline tbody').innerText();
    for (const fault of [/node2: disconnected/, /node2: connected/, /node2.*kill/i])
      assert.match(faults, fault);
  });

  test('is refused before anything starts if the file cannot be written', async () => {
    const run = await runHeddle(['lab', 'run', 'vxlan', '--report', directory.path]);
    assert.equal(run.exitCode, exitCodes.usage);
    assert.match(run.stderr, /the report cannot be written to .*: it is a directory/);
  });
});
