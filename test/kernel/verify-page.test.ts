import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { VerifyReport } from '../../src/lab/verify/report.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { findBarriers, openPage, startBrowser } from './harness/browser.ts';
import { reasonToSkip } from './harness/needs.ts';
import { runHeddle } from './lab-harness.ts';

const skip = reasonToSkip('chromium');

test('the report of lab verify shows the broken promise, its reason and its line', { skip }, async (t) => {
  const whole = readFileSync(
    fileURLToPath(new URL('../recipes/broken/leaves-neighbour.json', import.meta.url)),
    'utf8',
  );
  const directory = join(temporaryDirectory(t), '<img src=x onerror=alert(1)>');
  mkdirSync(directory);
  const recipe = join(directory, '<b>mine.json');
  writeFileSync(recipe, whole);
  const file = join(directory, 'report.html');
  const only = ['--only', 'connects', '--only', 'exact', '--underlay', 'switched'];
  const words = ['lab', 'verify', recipe, ...only, '--json', '--report', file];
  const { exitCode, stdout, stderr } = await runHeddle(words, { seconds: 60 });
  assert.equal(exitCode, exitCodes['lab-failed'], stderr);
  const { promises } = JSON.parse(stdout) as VerifyReport;
  const broken = promises.find(({ id }) => id === 'exact')?.tries[0];
  assert.equal(broken?.outcome, 'broken', stdout);
  assert.ok(broken.where);
  assert.ok(statSync(file).size < 1_000_000);

  const browser = await startBrowser();
  t.after(() => browser.close());
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 360]) {
      const shown = await openPage(browser, pathToFileURL(file).href, { colorScheme, width });
      const { page } = shown;
      assert.match(await page.locator('.verdict').innerText(), /✘ 1 of 2 promises kept/);
      const cells: (readonly string[])[] = [];
      for (const row of await page.locator('#promises tbody tr').all())
        cells.push(await row.locator('th, td').allInnerTexts());
      assert.deepEqual(
        cells.map(([id, kept, meaning]) => [id, kept, meaning]),
        promises.map(({ id, promise, kept }) => [id, kept ? '✔ kept' : '✘ broken', promise]),
      );
      const place: string = [broken.where.file, broken.where.line].join(':');
      assert.ok(cells[1]?.[3]?.includes(`broken, ${broken.note} (${place})`), cells.join('\n'));
      const problems = await page.locator('#problems .what').allInnerTexts();
      assert.deepEqual(problems, [`${promises[1]?.promise ?? ''}: ${broken.note} (${place})`]);
      assert.match(await page.locator('.frame-lines .marked').innerText(), /SubnetRemoveCommand/);
      assert.equal(await page.locator('img, b').count(), 0);
      assert.deepEqual(await findBarriers(page), []);
      assert.deepEqual(shown.complaints, []);
      assert.deepEqual(
        shown.requests.filter((url) => !url.startsWith('data:')),
        [pathToFileURL(file).href],
      );
      await page.close();
    }
  }
});
