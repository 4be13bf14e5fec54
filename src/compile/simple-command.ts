import type { Span } from '../diagnostic/source.ts';
import type { CommandNode, SimpleCommand } from '../recipe/sh/syntax-tree.ts';
import { literalOf, splitAssignment } from '../recipe/sh/words.ts';
import { regularBuiltins, specialBuiltins, type BuiltinCall } from './builtins.ts';
import type { ProgramCall, Programs, Status } from './call.ts';
import type { Expander } from './expander.ts';
import type { Frame, FunctionFrame, Result } from './frames.ts';
import { isOtherBuiltin } from './shell-names.ts';
import type { ShellState } from './shell-state.ts';
import { CapturedOutput, type Inputs, type Output, type Streams } from './streams.ts';
import { refuseBlanks } from './text/blanks.ts';
import { NotUnderstood } from './text/not-understood.ts';
import { textFilters } from './text/text-filters.ts';
import { refuseChange, type Assigned } from './variables.ts';

/** The shell that runs a simple command. */
interface CommandShell {
  readonly state: ShellState;
  readonly expander: Expander;
  readonly inputs: Inputs;
  readonly programs: Programs;
  /** Has a frame resumed after the command that runs next. */
  push(frame: Frame): void;
  print(text: string, output: Output): void;
  command(node: CommandNode, streams: Streams, tested: boolean): Result;
}

/** Deeper calls of functions are left to the shell. */
const deepestCall = 50;

/** Evaluates simple commands: assignments, functions, builtins, and calls of programs. */
export class SimpleCommands {
  readonly #shell: CommandShell;

  constructor(shell: CommandShell) {
    this.#shell = shell;
  }

  /** Without a command, each assignment is seen by the next; before one, shells differ. */
  assignments(node: SimpleCommand, hasCommand: boolean): readonly Assigned[] {
    if (node.assignments.length === 0) return noAssignments;
    const assigned: Assigned[] = [];
    for (const { name, value } of node.assignments) {
      if (hasCommand && assigned.length > 0 && literalOf(value) === undefined) {
        throw new NotUnderstood(
          node.span,
          'shells differ in whether an assignment before a command sees the one before it',
        );
      }
      const text = this.#shell.expander.text(value);
      assigned.push({ name, value: text });
      if (!hasCommand) this.#shell.state.variables = this.#shell.state.variables.with(name, text, node.span);
    }
    return assigned;
  }

  /** Defines a function. */
  define({ name, body, span }: CommandNode & { readonly kind: 'function' }): void {
    if (Object.hasOwn(regularBuiltins, name) || isBuiltinName(name) || !/^[A-Za-z_]\w*$/.test(name))
      throw new NotUnderstood(span, `a function has the name of a builtin: ${name}`);
    if (body.kind === 'simple' || body.kind === 'function')
      throw new NotUnderstood(span, 'not every shell takes this for the body of a function');
    const { state } = this.#shell;
    state.functions = new Map(state.functions).set(name, body);
  }

  /** Runs `export` and `local`, whose arguments are assignments; undefined for any other command. */
  declare(node: SimpleCommand): Status | undefined {
    const [first, ...words] = node.words;
    const name = literalOf(first);
    if (name !== 'export' && name !== 'local') return undefined;
    if (node.assignments.length > 0 || node.redirections.length > 0 || words.length === 0) {
      throw new NotUnderstood(node.span, `this use of \`${name}\` is not evaluated`);
    }
    const { state } = this.#shell;
    for (const word of words) {
      const assignment = splitAssignment(word);
      if (assignment === undefined)
        throw new NotUnderstood(word.span, `this use of \`${name}\` is not evaluated`);
      const value = assignment.value && this.#shell.expander.unsplit(assignment.value);
      if (name === 'local') state.variables = state.variables.withLocal(assignment.name, word.span);
      if (value !== undefined) state.variables = state.variables.with(assignment.name, value, word.span);
      if (name === 'export') state.variables = state.variables.exporting(assignment.name, word.span);
    }
    return 0;
  }

  /** Runs the words of a command, once they are expanded. */
  run(
    node: SimpleCommand,
    [name = '', ...words]: readonly string[],
    assignments: readonly Assigned[],
    streams: Streams,
    tested: boolean,
  ): Result {
    const { state } = this.#shell;
    refuseBlanks(node.span, name);
    const body = state.functions.get(name);
    if (body !== undefined) {
      if (assignments.length > 0)
        throw new NotUnderstood(node.span, 'shells differ in an assignment before a function');
      return this.#function(body, words, streams, tested);
    }
    const special = Object.hasOwn(specialBuiltins, name) ? specialBuiltins[name] : undefined;
    if (special !== undefined) {
      if (assignments.length > 0)
        throw new NotUnderstood(node.span, `shells differ in an assignment before \`${name}\``);
      if (name === 'set' && tested && words.some((word) => /^[-+]\w*e/.test(word)))
        throw new NotUnderstood(node.span, 'shells differ in `set -e` where a failure is asked about');
      return special(this.#builtinCall(words, streams, node.span));
    }
    if (name === 'command') {
      const [program = '', ...rest] = words;
      refuseBlanks(node.span, program);
      if (program.startsWith('-') || isBuiltinName(program)) {
        throw new NotUnderstood(node.span, 'this use of `command` is not evaluated');
      }
      return this.#program(node, program, rest, assignments, streams);
    }
    if (isBuiltinName(name)) throw new NotUnderstood(node.span, `\`${name}\` is not evaluated`);
    const regular = Object.hasOwn(regularBuiltins, name) ? regularBuiltins[name] : undefined;
    if (regular === undefined) return this.#program(node, name, words, assignments, streams);
    const before = state.variables;
    for (const { name: assigned, value } of assignments)
      state.variables = state.variables.with(assigned, value, node.span);
    const status = regular(this.#builtinCall(words, streams, node.span));
    state.variables = state.variables.restored(before, assignments);
    return status;
  }

  #function(body: CommandNode, words: readonly string[], streams: Streams, tested: boolean): Result {
    const { state } = this.#shell;
    if (state.functionDepth >= deepestCall)
      throw new NotUnderstood(body.span, 'functions call each other too deeply');
    const { parameters, loopDepth } = state;
    this.#shell.push({ kind: 'function', parameters, loopDepth });
    state.parameters = words;
    state.loopDepth = 0;
    state.functionDepth += 1;
    state.variables = state.variables.inFunction();
    return this.#shell.command(body, streams, tested);
  }

  /** Ends a function, whose frame is taken away. */
  leaveFunction({ parameters, loopDepth }: FunctionFrame): void {
    const { state } = this.#shell;
    state.variables = state.variables.afterFunction();
    state.functionDepth -= 1;
    state.loopDepth = loopDepth;
    state.parameters = parameters;
  }

  #program(
    { span }: SimpleCommand,
    name: string,
    words: readonly string[],
    assignments: readonly Assigned[],
    streams: Streams,
  ): Result {
    if (name === '') throw new NotUnderstood(span, 'the name of the command is empty');
    const filter = Object.hasOwn(textFilters, name) ? textFilters[name] : undefined;
    if (filter !== undefined) {
      this.#shell.print(filter(words, this.#shell.inputs.readAll(streams.input, span), span), streams.output);
      return 0;
    }
    if (!this.#shell.programs.has(name)) throw new NotUnderstood(span, `the program ${name} is not there`);
    for (const assigned of assignments) refuseChange(assigned.name, span);
    const call: ProgramCall = {
      program: name,
      arguments: words,
      environment: this.#shell.state.variables.changes(assignments),
      stdin: this.#shell.inputs.forCall(streams.input, span),
      stdout: outputOfCall(streams.output, name, span),
      stderr: outputOfCall(streams.errors, name, span),
      span,
    };
    return { kind: 'call', call, input: streams.input };
  }

  #builtinCall(words: readonly string[], streams: Streams, span: Span): BuiltinCall {
    const print = (text: string) => this.#shell.print(text, streams.output);
    return { words, state: this.#shell.state, input: streams.input, inputs: this.#shell.inputs, print, span };
  }
}

const noAssignments: readonly Assigned[] = [];

/** Whether a name is that of a builtin that no function, and no program, takes the place of. */
function isBuiltinName(name: string): boolean {
  return (
    isOtherBuiltin(name) ||
    Object.hasOwn(specialBuiltins, name) ||
    name === 'export' ||
    name === 'local' ||
    name === 'command'
  );
}

function outputOfCall(output: Output, program: string, span: Span): 'stdout' | 'stderr' | 'null' {
  if (output instanceof CapturedOutput)
    throw new NotUnderstood(span, `what ${program} prints is known only when it runs`);
  return output;
}
