import { positionAt } from '../diagnostic/source.ts';
import { compileScript } from '../compile/follow-script.ts';
import { parseScript } from '../recipe/sh/parse-script.ts';
import { mayReadInput } from '../waves/tools/table.ts';

/** The calls of a peer's command: each program with its arguments; or the reason why only a shell can tell. */
export type ExplainedCalls =
  | { readonly kind: 'calls'; readonly calls: readonly ExplainedCall[] }
  | { readonly kind: 'shell'; readonly line: number; readonly because: string };

/** One call of a program, made if every call before it succeeds. */
interface ExplainedCall {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Where it stands in the script, from 1. */
  readonly line: number;
}

/** The run of a peer's command that is to be followed. */
interface PeerScript {
  readonly script: string;
  readonly exitsOnFailure: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** Follows a peer's command without running it. */
export function explainCalls({ script, exitsOnFailure, environment, stdin }: PeerScript): ExplainedCalls {
  const compilation = compileScript({
    tree: parseScript(script),
    source: script,
    exitsOnFailure,
    environment,
    stdin,
    programs: { has: () => true, mayReadInput },
  });
  const lineAt = (offset: number) => positionAt(script, offset).line;
  if (compilation.kind === 'shell') {
    return { kind: 'shell', line: lineAt(compilation.span.offset), because: compilation.because };
  }
  const [successful] = compilation.paths;
  const calls = successful?.calls ?? [];
  return {
    kind: 'calls',
    calls: calls.map(({ call }) => ({
      program: call.program,
      arguments: call.arguments,
      line: lineAt(call.span.offset),
    })),
  };
}
