import type { Span } from '../diagnostic/source.ts';
import type {
  AndOr,
  CommandNode,
  List,
  Pipeline,
  Redirection,
  SimpleCommand,
  Word,
} from '../recipe/sh/syntax-tree.ts';
import { literalOf, splitAssignment } from '../recipe/sh/words.ts';
import { regularBuiltins, specialBuiltins, type BuiltinCall } from './builtins.ts';
import {
  isSuccess,
  type ProgramCall,
  type CallOutcome,
  type CallOutput,
  type Programs,
  type Status,
  type Written,
} from './call.ts';
import { FunctionReturn, LoopJump, ShellExit } from './control-flow.ts';
import { Expander } from './expander.ts';
import { NotUnderstood } from './text/not-understood.ts';
import { isOtherBuiltin } from './shell-names.ts';
import { copyState, type ShellState } from './shell-state.ts';
import { CapturedOutput, Input, type Output, type Streams } from './streams.ts';
import { textFilters } from './text/text-filters.ts';
import { refuseChange } from './variables.ts';

/** A run of a part of a script: it yields each call, is told how the call ended, and returns a status. */
type Run = Generator<ProgramCall, Status, CallOutcome>;

/** The things that all subshells of one run share. */
export interface RunContext {
  readonly source: string;
  readonly written: Written[];
  readonly programs: Programs;
  calls: number;
  /** Commands that may still be evaluated; a loop without end is left to the shell. */
  stepsLeft: number;
}

/** Deeper calls of functions are left to the shell. */
const deepestCall = 50;

/** A value of `NAME=value` before a command. */
interface Assigned {
  readonly name: string;
  readonly value: string;
}

/** Evaluates a script as dash, BusyBox and bash would, up to each call of a program. Throws a {@link NotUnderstood} where it cannot. */
export class Interpreter {
  readonly #state: ShellState;
  readonly #context: RunContext;
  readonly #expander: Expander;
  /** The streams of the simple command that is expanded. */
  #streams: Streams | undefined = undefined;
  /** The status of the last command substitution of the command that is expanded. */
  #substitutionStatus: Status | undefined = undefined;

  constructor(state: ShellState, context: RunContext) {
    this.#state = state;
    this.#context = context;
    this.#expander = new Expander(state, context.source, (list, span) => this.#substitute(list, span));
  }

  /** Runs a whole script; an `exit` ends it. */
  *script(list: List, streams: Streams): Run {
    try {
      return yield* this.#list(list, streams, false);
    } catch (ending) {
      if (ending instanceof ShellExit || ending instanceof FunctionReturn) return ending.status;
      throw ending;
    }
  }

  /** `tested` says that a failure is asked about, so that `set -e` does not end the shell. */
  *#list(list: List, streams: Streams, tested: boolean): Run {
    let status: Status = 0;
    for (const andOr of list) status = yield* this.#andOr(andOr, streams, tested);
    return status;
  }

  *#andOr({ first, rest, background }: AndOr, streams: Streams, tested: boolean): Run {
    if (background)
      throw new NotUnderstood(first.span, 'a command in the background runs at the same time as the others');
    let status = yield* this.#pipeline(first, streams, tested || rest.length > 0);
    for (const [index, { operator, pipeline }] of rest.entries()) {
      if (isSuccess(status) !== (operator === '&&')) continue;
      status = yield* this.#pipeline(pipeline, streams, tested || index < rest.length - 1);
    }
    return status;
  }

  *#pipeline({ commands, negated, span }: Pipeline, streams: Streams, tested: boolean): Run {
    const inner = tested || negated;
    const [only] = commands;
    let status: Status;
    if (commands.length === 1 && only !== undefined) status = yield* this.#command(only, streams, inner);
    else {
      status = yield* this.#piped(commands, streams, inner, span);
      this.#exitOnFailure(status, inner);
    }
    if (negated) status = isSuccess(status) ? 1 : 0;
    this.#state.lastStatus = status;
    return status;
  }

  /** Commands joined by `|`. All but the last are evaluated whole; the last one may call programs. */
  *#piped(commands: readonly CommandNode[], streams: Streams, tested: boolean, span: Span): Run {
    let input = streams.input;
    const before = input.length;
    for (const command of commands.slice(0, -1)) {
      const output = new CapturedOutput();
      const errors = new CapturedOutput();
      this.#drain(this.#fork(command, { input, output, errors }, tested));
      if (errors.text !== '') {
        throw new NotUnderstood(
          command.span,
          'commands of a pipe run together, so the order of their errors is not known',
        );
      }
      input = Input.of(output.text);
    }
    if (streams.input.length !== before)
      streams.input.spoil('a command before a `|` may not have read all of its input');
    const last = commands.at(-1);
    if (last === undefined) throw new NotUnderstood(span, 'the pipe does not have an end');
    return yield* this.#fork(last, { ...streams, input }, tested);
  }

  /** Runs a command in a subshell. */
  *#fork(command: CommandNode, streams: Streams, tested: boolean): Run {
    return yield* this.#subshell((shell) => shell.#command(command, streams, tested));
  }

  *#subshell(run: (shell: Interpreter) => Run): Run {
    const shell = new Interpreter(copyState(this.#state), this.#context);
    try {
      return yield* run(shell);
    } catch (ending) {
      if (ending instanceof ShellExit) return ending.status;
      if (ending instanceof FunctionReturn) return ending.status;
      throw ending;
    }
  }

  /** Runs what must not call a program. */
  #drain(run: Run): Status {
    const step = run.next();
    if (step.done === true) return step.value;
    throw new NotUnderstood(step.value.span, `what ${step.value.program} prints is known only when it runs`);
  }

  #substitute(list: List, span: Span): string {
    const output = new CapturedOutput();
    const streams = this.#streams;
    if (streams === undefined)
      throw new NotUnderstood(span, 'a command substitution stands where none is expected');
    const shell = new Interpreter(copyState(this.#state), this.#context);
    try {
      this.#substitutionStatus = this.#drain(shell.#list(list, { ...streams, output }, false));
    } catch (ending) {
      if (!(ending instanceof ShellExit || ending instanceof FunctionReturn)) throw ending;
      if (ending instanceof ShellExit && ending.byFailure) {
        throw new NotUnderstood(
          span,
          'shells differ in whether `set -e` holds inside of a command substitution',
        );
      }
      this.#substitutionStatus = ending.status;
    }
    return output.text.replace(/\n+$/, '');
  }

  *#command(node: CommandNode, outer: Streams, tested: boolean): Run {
    this.#context.stepsLeft -= 1;
    if (this.#context.stepsLeft < 0) throw new NotUnderstood(node.span, 'the script takes too many steps');
    if (node.kind === 'simple') return yield* this.#simple(node, outer, tested);
    const streams = this.#redirect(node.redirections, outer);
    switch (node.kind) {
      case 'group': {
        refuseEmpty(node.body, node.span);
        if (!node.subshell) return yield* this.#list(node.body, streams, tested);
        const status = yield* this.#subshell((shell) => shell.#list(node.body, streams, tested));
        this.#exitOnFailure(status, tested);
        return status;
      }
      case 'if':
        for (const { condition, body } of node.branches) {
          refuseEmpty(condition, node.span);
          refuseEmpty(body, node.span);
          if (isSuccess(yield* this.#list(condition, streams, true)))
            return yield* this.#list(body, streams, tested);
        }
        return yield* this.#list(node.otherwise, streams, tested);
      case 'loop':
        refuseEmpty(node.condition, node.span);
        return yield* this.#loop(node.body, node.span, streams, tested, () =>
          this.#holds(node.condition, node.until, streams),
        );
      case 'for': {
        const values = this.#expanding(streams, () => this.#expander.fields(node.words));
        return yield* this.#loop(node.body, node.span, streams, tested, () => {
          const value = values.shift();
          if (value !== undefined) this.#state.variables.set(node.variable, value, node.span);
          return value !== undefined;
        });
      }
      case 'case': {
        const subject = this.#expanding(streams, () => this.#expander.text(node.subject));
        const matches = (pattern: Word) =>
          this.#expanding(streams, () => this.#expander.pattern(pattern)).matches(subject);
        const item = node.items.find(({ patterns }) => patterns.some(matches));
        return item === undefined ? 0 : yield* this.#list(item.body, streams, tested);
      }
      case 'function':
        if (
          Object.hasOwn(regularBuiltins, node.name) ||
          isBuiltinName(node.name) ||
          !/^[A-Za-z_]\w*$/.test(node.name)
        ) {
          throw new NotUnderstood(node.span, `a function has the name of a builtin: ${node.name}`);
        }
        this.#state.functions.set(node.name, node.body);
        return 0;
      case 'test':
        throw new NotUnderstood(node.span, '`[[ … ]]` is not of POSIX');
    }
  }

  *#holds(condition: List, until: boolean, streams: Streams): Generator<ProgramCall, boolean, CallOutcome> {
    return isSuccess(yield* this.#list(condition, streams, true)) !== until;
  }

  /** Runs the body for as long as `next` says so. */
  *#loop(
    body: List,
    span: Span,
    streams: Streams,
    tested: boolean,
    next: () => boolean | Generator<ProgramCall, boolean, CallOutcome>,
  ): Run {
    refuseEmpty(body, span);
    let status: Status = 0;
    this.#state.loopDepth += 1;
    try {
      for (;;) {
        try {
          const more = next();
          if (!(typeof more === 'boolean' ? more : yield* more)) return status;
          status = yield* this.#list(body, streams, tested);
        } catch (ending) {
          if (!(ending instanceof LoopJump)) throw ending;
          if (ending.levels > 1) throw new LoopJump(ending.kind, ending.levels - 1);
          status = 0;
          if (ending.kind === 'break') return status;
        }
      }
    } finally {
      this.#state.loopDepth -= 1;
    }
  }

  *#simple(node: SimpleCommand, outer: Streams, tested: boolean): Run {
    this.#substitutionStatus = undefined;
    const declaration = this.#expanding(outer, () => this.#declare(node));
    if (declaration !== undefined) {
      this.#exitOnFailure(declaration, tested);
      return declaration;
    }
    const words = this.#expanding(outer, () => this.#expander.fields(node.words));
    const streams = this.#redirect(node.redirections, outer);
    const assignments = this.#expanding(outer, () => this.#assignments(node, words.length > 0));
    const status =
      words.length > 0
        ? yield* this.#run(node, words, assignments, streams, tested)
        : (this.#statusOfSubstitution() ?? 0);
    this.#exitOnFailure(status, tested);
    return status;
  }

  /** Without a command, each assignment is seen by the next; before one, shells differ. */
  #assignments(node: SimpleCommand, hasCommand: boolean): readonly Assigned[] {
    const assigned: Assigned[] = [];
    for (const { name, value } of node.assignments) {
      if (hasCommand && assigned.length > 0 && literalOf(value) === undefined) {
        throw new NotUnderstood(
          node.span,
          'shells differ in whether an assignment before a command sees the one before it',
        );
      }
      const text = this.#expander.text(value);
      assigned.push({ name, value: text });
      if (!hasCommand) this.#state.variables.set(name, text, node.span);
    }
    return assigned;
  }

  /** Runs `export` and `local`, whose arguments are assignments; undefined for any other command. */
  #declare(node: SimpleCommand): Status | undefined {
    const [first, ...words] = node.words;
    const name = literalOf(first);
    if (name !== 'export' && name !== 'local') return undefined;
    if (node.assignments.length > 0 || node.redirections.length > 0 || words.length === 0) {
      throw new NotUnderstood(node.span, `this use of \`${name}\` is not evaluated`);
    }
    const { variables } = this.#state;
    for (const word of words) {
      const assignment = splitAssignment(word);
      if (assignment === undefined)
        throw new NotUnderstood(word.span, `this use of \`${name}\` is not evaluated`);
      const value = assignment.value && this.#expander.unsplit(assignment.value);
      if (name === 'local') variables.makeLocal(assignment.name, word.span);
      if (value !== undefined) variables.set(assignment.name, value, word.span);
      if (name === 'export') variables.export(assignment.name, word.span);
    }
    return 0;
  }

  *#run(
    node: SimpleCommand,
    [name = '', ...words]: readonly string[],
    assignments: readonly Assigned[],
    streams: Streams,
    tested: boolean,
  ): Run {
    const { functions, variables } = this.#state;
    const body = functions.get(name);
    if (body !== undefined) {
      if (assignments.length > 0)
        throw new NotUnderstood(node.span, 'shells differ in an assignment before a function');
      return yield* this.#function(body, words, streams, tested);
    }
    const special = Object.hasOwn(specialBuiltins, name) ? specialBuiltins[name] : undefined;
    if (special !== undefined) {
      if (assignments.length > 0)
        throw new NotUnderstood(node.span, `shells differ in an assignment before \`${name}\``);
      return special(this.#builtinCall(words, streams, node.span));
    }
    if (name === 'command') {
      const [program = '', ...rest] = words;
      if (program.startsWith('-') || isBuiltinName(program)) {
        throw new NotUnderstood(node.span, 'this use of `command` is not evaluated');
      }
      return yield* this.#program(node, program, rest, assignments, streams);
    }
    if (isBuiltinName(name)) throw new NotUnderstood(node.span, `\`${name}\` is not evaluated`);
    const regular = Object.hasOwn(regularBuiltins, name) ? regularBuiltins[name] : undefined;
    if (regular === undefined) return yield* this.#program(node, name, words, assignments, streams);
    const restore = variables.setForCommand(assignments, node.span);
    try {
      return regular(this.#builtinCall(words, streams, node.span));
    } finally {
      restore();
    }
  }

  *#function(body: CommandNode, words: readonly string[], streams: Streams, tested: boolean): Run {
    const state = this.#state;
    if (state.functionDepth >= deepestCall)
      throw new NotUnderstood(body.span, 'functions call each other too deeply');
    const { parameters, loopDepth } = state;
    state.parameters = words;
    state.loopDepth = 0;
    state.functionDepth += 1;
    state.variables.enterFunction();
    try {
      return yield* this.#command(body, streams, tested);
    } catch (ending) {
      if (ending instanceof FunctionReturn) return ending.status;
      throw ending;
    } finally {
      state.variables.leaveFunction();
      state.functionDepth -= 1;
      state.loopDepth = loopDepth;
      state.parameters = parameters;
    }
  }

  *#program(
    node: SimpleCommand,
    name: string,
    words: readonly string[],
    assignments: readonly Assigned[],
    streams: Streams,
  ): Run {
    const { span } = node;
    if (name === '') throw new NotUnderstood(span, 'the name of the command is empty');
    const filter = Object.hasOwn(textFilters, name) ? textFilters[name] : undefined;
    if (filter !== undefined) {
      this.#print(filter(words, streams.input.readAll(span), span), streams.output);
      return 0;
    }
    if (!this.#context.programs.has(name)) throw new NotUnderstood(span, `the program ${name} is not there`);
    for (const assigned of assignments) refuseChange(assigned.name, span);
    const call: ProgramCall = {
      program: name,
      arguments: words,
      environment: this.#state.variables.changes(assignments),
      stdin: streams.input.forCall(span),
      stdout: outputOfCall(streams.output, name, span),
      stderr: outputOfCall(streams.errors, name, span),
      span,
    };
    const outcome = yield call;
    this.#context.calls += 1;
    if (this.#context.programs.mayReadInput(name, words))
      streams.input.spoil(`${name} may have read of the standard input`);
    return outcome;
  }

  #builtinCall(words: readonly string[], streams: Streams, span: Span): BuiltinCall {
    const print = (text: string) => this.#print(text, streams.output);
    return { words, state: this.#state, input: streams.input, print, span };
  }

  #print(text: string, output: Output): void {
    if (text === '' || output === 'null') return;
    if (output instanceof CapturedOutput) output.text += text;
    else this.#context.written.push({ to: output, text, afterCalls: this.#context.calls });
  }

  #redirect(redirections: readonly Redirection[], outer: Streams): Streams {
    let streams = outer;
    for (const redirection of redirections) {
      const text = this.#expanding(outer, () =>
        this.#expander.text(redirection.hereDocument ?? redirection.target),
      );
      streams = applyRedirection(redirection, text, streams);
    }
    return streams;
  }

  /** Expands words of a command; substitutions in them have its streams. */
  #expanding<T>(streams: Streams, expand: () => T): T {
    this.#streams = streams;
    return expand();
  }

  #statusOfSubstitution(): Status | undefined {
    return this.#substitutionStatus;
  }

  #exitOnFailure(status: Status, tested: boolean): void {
    if (this.#state.exitsOnFailure && !tested && !isSuccess(status)) throw new ShellExit(status, true);
  }
}

function isBuiltinName(name: string): boolean {
  return (
    isOtherBuiltin(name) ||
    Object.hasOwn(specialBuiltins, name) ||
    name === 'export' ||
    name === 'local' ||
    name === 'command'
  );
}

function refuseEmpty(list: List, span: Span): void {
  if (list.length === 0) throw new NotUnderstood(span, 'a list of commands is empty');
}

function outputOfCall(output: Output, program: string, span: Span): CallOutput {
  if (output instanceof CapturedOutput)
    throw new NotUnderstood(span, `what ${program} prints is known only when it runs`);
  return output;
}

function applyRedirection(
  { descriptor, operator, target }: Redirection,
  text: string,
  streams: Streams,
): Streams {
  const { span } = target;
  switch (operator) {
    case '<<':
    case '<<-':
      if ((descriptor ?? 0) === 0) return { ...streams, input: Input.of(text) };
      break;
    case '<':
      if ((descriptor ?? 0) === 0 && text === '/dev/null') return { ...streams, input: Input.null() };
      break;
    case '>':
    case '>>':
    case '>|':
      if (text !== '/dev/null') break;
      if ((descriptor ?? 1) === 1) return { ...streams, output: 'null' };
      if (descriptor === 2) return { ...streams, errors: 'null' };
      break;
    case '>&':
      if ((descriptor ?? 1) === 1 && text === '2') return { ...streams, output: streams.errors };
      if (descriptor === 2 && text === '1') return { ...streams, errors: streams.output };
  }
  throw new NotUnderstood(span, 'only /dev/null, 2>&1, >&2 and here-documents are evaluated');
}
