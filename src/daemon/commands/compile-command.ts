import { compileScript, type Compilation } from '../../compile/follow-script.ts';
import type { ScriptTree } from '../../recipe/sh/syntax-tree.ts';
import { mayReadInput } from '../../waves/tools/table.ts';
import type { PeerCommand } from './command-runner.ts';

/**
 * Compiles the command for a peer.
 *
 * @param tree the command's text, parsed
 * @param has whether this host has a program
 */
export function compileCommand(
  { source, environment, shared, stdin }: PeerCommand,
  tree: ScriptTree,
  has: (program: string) => boolean,
): Compilation {
  return compileScript({
    tree,
    source: source.text,
    exitsOnFailure: source.stopOnError,
    environment,
    shared,
    stdin,
    programs: { has, mayReadInput },
  });
}
