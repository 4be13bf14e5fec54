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

export interface BatchedCall<T> {
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
    const batch = changesTool(call) ? undefined : tool?.batchLine(call.arguments, call.stdin);
    if (tool === undefined || batch === undefined) {
      parts.push({ kind: 'alone', call, owner });
      continue;
    }
    const key = batch.options.length === 0 ? tool.program : [tool.program, ...batch.options].join(' ');
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { tool, options: batch.options, lines: [] }));
    group.lines.push({ line: batch.line, call, owner });
  }
  for (const { tool, options, lines } of groups.values()) {
    const [first, ...others] = lines;
    if (first !== undefined && others.length === 0) {
      parts.push({ kind: 'alone', call: first.call, owner: first.owner });
      continue;
    }
    for (const some of inProcesses(lines, tool)) parts.push({ kind: 'batch', tool, options, lines: some });
  }
  return parts;
}

/** Splits calls into those that one process works off. */
function inProcesses<T>(lines: readonly BatchedCall<T>[], tool: BatchTool): readonly BatchedCall<T>[][] {
  const mostCharacters = tool.kind === 'whole' ? tool.mostCharacters : Infinity;
  const processes: BatchedCall<T>[][] = [];
  let characters = Infinity;
  for (const entry of lines) {
    const last = processes.at(-1);
    characters += entry.line.length + 1;
    if (last !== undefined && last.length < mostInProcess && characters <= mostCharacters) last.push(entry);
    else {
      processes.push([entry]);
      characters = entry.line.length + 1;
    }
  }
  return processes;
}

/** Variables that alter what a program itself does: those of the dynamic linker, of name servers and of the tools. */
const ofPrograms =
  /^(?:LD_|GLIBC_|MALLOC_|GCONV_|WG_|NFT|IPROUTE|NO_COLOR|COLORFGBG|RES_|LOCALDOMAIN|HOSTALIASES|HZ)/;

/** Whether the script sets a variable for the call that a process for many calls would not have. */
function changesTool({ environment }: ProgramCall): boolean {
  if (environment.size === 0) return false;
  for (const name of environment.keys()) if (ofPrograms.test(name)) return true;
  return false;
}
