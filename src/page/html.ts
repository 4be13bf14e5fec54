import { createHash } from 'node:crypto';
import { packageFile, readPackageText } from '../host/files/package-files.ts';
import type { PageDocument } from './model.ts';

/** A page, and the content security policy that allows its own script and style, and nothing else. */
interface HtmlPage {
  readonly html: string;
  readonly policy: string;
}

/** The title of a page before its document has come. */
const usualTitle = 'heddle';

/**
 * Makes a page. A page with a document shows it and asks nobody for anything; one without a document gets it from the server that it came
 * from, by server-sent events.
 */
export function makePage(document: PageDocument | undefined): HtmlPage {
  const script = readAsset('page.js');
  const style = readAsset('page-style.css');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    `connect-src ${document === undefined ? "'self'" : "'none'"}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const title = document === undefined ? usualTitle : `heddle: ${document.title}`;
  const html = [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escapeText(title)}</title>`,
    '<link rel="icon" href="data:,">',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<div id="page"></div>',
    '<noscript><p>This page needs JavaScript to draw what it shows. It does not load anything.</p></noscript>',
    ...(document === undefined
      ? []
      : [`<script type="application/json" id="document">${escapeJson(document)}</script>`]),
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
  return { html, policy };
}

/** Reads a file that scripts/build.js made from `src/page/app`. */
function readAsset(name: string): string {
  return readPackageText(packageFile(`dist/${name}`))
    .replaceAll('\r', '')
    .trim();
}

/** A source expression of a content security policy for an inline script or style. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** JSON that cannot end the element that it stands in. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}
