import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { makePage } from '../../src/page/html.ts';
import { labPage, topologyOf } from '../page/lab-of-twenty.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { findBarriers, openPage, startBrowser } from './harness/browser.ts';
import { reasonToSkip } from './harness/needs.ts';

const skip = reasonToSkip('chromium');

test('of 20 nodes, the tunnels of the chosen one are drawn, and those that fail', { skip }, async (t) => {
  const usual = labPage({ topology: topologyOf(20, 'switched') });
  const pairs = usual.pairs.map((pair) =>
    pair.from === 'node7' && pair.to === 'node9' ? { ...pair, ok: false, rttMs: null } : pair,
  );
  const file = join(temporaryDirectory(t), 'page.html');
  writeFileSync(file, makePage({ ...usual, pairs }).html);
  const browser = await startBrowser();
  t.after(() => browser.close());
  const { page, complaints } = await openPage(browser, pathToFileURL(file).href);
  const drawn = async (): Promise<readonly (string | null)[]> => {
    const tunnels = await page.locator('.tunnel').all();
    return Promise.all(tunnels.map((each) => each.getAttribute('data-tunnel')));
  };
  const others = (chosen: number): readonly string[] =>
    Array.from({ length: 20 }, (_, index) => index + 1)
      .filter((number) => number !== chosen)
      .map((number) => `node${Math.min(number, chosen)} node${Math.max(number, chosen)}`);
  assert.deepEqual((await drawn()).toSorted(), [...others(1), 'node7 node9'].sort());
  await page.locator('#tunnels-of').selectOption('node5');
  assert.deepEqual((await drawn()).toSorted(), [...others(5), 'node7 node9'].sort());
  assert.equal(await page.locator('.tunnel.fails').getAttribute('data-tunnel'), 'node7 node9');
  assert.deepEqual(await findBarriers(page), []);
  assert.deepEqual(complaints, []);
});
