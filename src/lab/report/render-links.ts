import type { LinkStatus } from '../protocol.ts';
import { makeTable, type RenderOptions } from './render.ts';

/** Renders the links of `lab impair`. */
export function renderLinks(links: readonly LinkStatus[], options: RenderOptions): string {
  const table = makeTable(['link', 'segment', 'MTU', 'loss', 'rate', 'delay'], options);
  for (const { name, segment, mtu, loss, rate, delay } of links)
    table.push([name, segment, String(mtu), loss ?? '–', rate ?? '–', delay ?? '–']);
  return table.toString();
}
