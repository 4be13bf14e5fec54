import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { makePage } from '../../src/page/html.ts';
import { labPage } from './lab-of-twenty.ts';

const hostile =
  '</script><script>alert(1)</script><!--<script>\u2028\u2029</title><img src=x onerror=alert(1)>';

test('a document with hostile texts stays inside its element, and is read as it was', () => {
  const document = labPage({ title: hostile, recipe: hostile, reasons: [hostile] });
  const { html } = makePage(document);
  const usual = makePage(labPage()).html;
  for (const tag of [/<script/g, /<\/script>/g, /<!--/g, /<img/g, /<\/title>/g])
    assert.equal(html.match(tag)?.length, usual.match(tag)?.length, String(tag));
  const embedded = /<script type="application\/json" id="document">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
  assert.doesNotMatch(embedded, /</);
  assert.deepEqual(JSON.parse(embedded), document);
});

test('the policy allows the script and the style that are in the page, and a report no request', () => {
  for (const [page, connect] of [
    [makePage(undefined), "'self'"],
    [makePage(labPage()), "'none'"],
  ] as const) {
    for (const element of ['script', 'style']) {
      const text = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(page.html)?.[1] ?? '';
      const hash = createHash('sha256').update(text).digest('base64');
      assert.ok(page.policy.includes(`${element}-src 'sha256-${hash}'`), element);
    }
    assert.ok(page.policy.includes(`connect-src ${connect};`));
    assert.match(page.policy, /^default-src 'none';/);
    assert.doesNotMatch(page.policy, /unsafe|https?:|\*/);
    assert.ok(page.html.includes(`content="${page.policy}"`));
  }
});
