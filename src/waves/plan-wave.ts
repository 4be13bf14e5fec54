import type { ProgramCall } from '../compile/call.ts';
import type { BatchTool } from './tools/batch-tool.ts';

/** The calls of a wave that one process works off, or a call that is executed by itself. */
export type WavePart<T> =
  | {
      readonly kind: 'batch';
      readonly tool: BatchTool;
      readonly options: readonly string[];
      readonly lines: readonly BatchedCall<T>[];
    }
  | { readonly kind: 'alone'; readonly call: ProgramCall; readonly owner: T };

interface BatchedCall<T> {
  readonly line: string;
  readonly call: ProgramCall;
  readonly owner: T;
}

/** The most calls of one process. The messages about all of them must fit into what is read of its output. */
const mostInProcess = 2500;

/** Groups the calls of a wave, one for each owner, by the process that can work them off. */
export function planWave<T>(
  calls: readonly { readonly call: ProgramCall; readonly owner: T }[],
  tools: readonly BatchTool[],
): readonly WavePart<T>[] {
  const groups = new Map<string, { tool: BatchTool; options: readonly string[]; lines: BatchedCall<T>[] }>();
  const parts: WavePart<T>[] = [];
  for (const { call, owner } of calls) {
    const tool = tools.find(({ program }) => program === call.program);
    const batch = tool?.batchLine(call.arguments);
    if (tool === undefined || batch === undefined) {
      parts.push({ kind: 'alone', call, owner });
      continue;
    }
    const key = [tool.program, ...batch.options].join(' ');
    const group = groups.get(key) ?? { tool, options: batch.options, lines: [] };
    groups.set(key, group);
    group.lines.push({ line: batch.line, call, owner });
  }
  for (const { tool, options, lines } of groups.values()) {
    const [first, ...others] = lines;
    if (first !== undefined && others.length === 0) {
      parts.push({ kind: 'alone', call: first.call, owner: first.owner });
      continue;
    }
    for (let at = 0; at < lines.length; at += mostInProcess) {
      parts.push({ kind: 'batch', tool, options, lines: lines.slice(at, at + mostInProcess) });
    }
  }
  return parts;
}
