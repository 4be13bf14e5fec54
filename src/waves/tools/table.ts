import { arp } from './arp.ts';
import type { BatchTool } from './batch-tool.ts';
import { bridge, ip } from './iproute.ts';
import { nft } from './nft.ts';
import { wg } from './wg.ts';

/** The programs that work off many calls in one process. */
export const batchTools: readonly BatchTool[] = [ip, bridge, arp, wg, nft];

/** Whether a program may read its standard input. Of a program that is not a tool, nobody knows. */
export function mayReadInput(program: string, words: readonly string[]): boolean {
  return batchTools.find((tool) => tool.program === program)?.readsInput(words) ?? true;
}
