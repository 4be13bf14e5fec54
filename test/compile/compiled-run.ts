import { compileScript, type Compilation } from '../../src/compile/follow-script.ts';
import type { ProgramCall, CallOutput } from '../../src/compile/call.ts';
import { parseScript } from '../../src/recipe/sh/parse-script.ts';
import type { ScriptCase } from './random-script.ts';
import type { RunRecord, RecordingPrograms } from './recorded-run.ts';

export function compileCase(
  { script, exitsOnFailure, environment, stdin }: ScriptCase,
  { names, readers }: RecordingPrograms,
  compile = compileScript,
): Compilation {
  return compile({
    tree: parseScript(script),
    source: script,
    exitsOnFailure,
    environment: { ...environment, PATH: '/programs' },
    stdin,
    programs: {
      has: (program) => names.includes(program),
      mayReadInput: (program) => readers.includes(program),
    },
  });
}

/** Runs a compiled script; its calls are recorded as the programs of a RecordingShell record theirs. */
export function runCompiled(
  compilation: Compilation & { readonly kind: 'compiled' },
  given: ScriptCase,
  programs: RecordingPrograms,
): RunRecord {
  const run = compilation.start();
  const calls: string[] = [];
  const printed: { readonly to: CallOutput; readonly text: string; readonly after: number }[] = [];
  let step = run.next();
  while (step.kind === 'call') {
    const { call } = step;
    const index = calls.length;
    calls.push(record(call, given, programs));
    printed.push({ to: call.stdout, text: `out ${index}\n`, after: index });
    printed.push({ to: call.stderr, text: `err ${index}\n`, after: index });
    step = run.next(given.failures[index] === true ? 'failed' : 'succeeded');
  }
  const own = step.written.map(({ to, text, afterCalls }) => ({ to, text, after: afterCalls - 0.5 }));
  const inOrder = [...own, ...printed].sort((first, second) => first.after - second.after);
  const texts = (stream: 'stdout' | 'stderr') =>
    inOrder
      .filter(({ to }) => to === stream)
      .map(({ text }) => text)
      .join('');
  return { calls, stdout: texts('stdout'), stderr: texts('stderr'), succeeded: step.succeeded };
}

function record(
  { program, arguments: words, environment, stdin }: ProgramCall,
  given: ScriptCase,
  { readers, watched }: RecordingPrograms,
): string {
  const values = watched.map((name) => {
    const value = environment.has(name) ? environment.get(name) : given.environment[name];
    return `${name}=${value ?? 'unset'}\0`;
  });
  const input = readers.includes(program) && stdin.kind === 'text' ? stdin.text : '';
  return [program, ...words].map((word) => `${word}\0`).join('') + '\u0001\0' + values.join('') + input;
}
