import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import type { Host } from './host.ts';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Starts Debian's Chromium without a window. It runs as root here, so it has no sandbox. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** Starts the browser in the network of a host, until the test is over. Its files are those of this machine. */
export async function startBrowserOn(t: TestContext, host: Host): Promise<Browser> {
  const holder = host.start(['sleep', 'infinity']);
  const child = await until(
    'a process on the host',
    () => /\d+/.exec(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8'))?.[0],
  );
  const wrapper = join(temporaryDirectory(t), 'chromium');
  const place = `/proc/${child}/ns/net`;
  const own = readlinkSync('/proc/self/ns/net');
  await until('the process to be in the network of the host', () => readlinkSync(place) !== own);
  writeFileSync(wrapper, `#!/bin/sh\nexec nsenter --net=${place} /usr/bin/chromium "$@"\n`, { mode: 0o755 });
  const browser = await chromium.launch({ executablePath: wrapper, args: ['--no-sandbox'] });
  t.after(async () => {
    await browser.close();
    // It ends with the host.
    await holder;
  });
  return browser;
}

/** A page in a browser, and what it asked for and complained about. */
export interface OpenPage {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

export async function openPage(
  browser: Browser,
  address: string,
  options: { readonly colorScheme?: 'light' | 'dark'; readonly width?: number } = {},
): Promise<OpenPage> {
  const { colorScheme = 'light', width = 1280 } = options;
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);
  await page.waitForSelector('main section');
  return { page, requests, complaints };
}

/** The rules of accessibility that a page breaks, each with the elements. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    interface Axe {
      run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
    }
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)}: ${failureSummary}`),
    );
  });
}
