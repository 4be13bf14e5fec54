import type { Span } from '../diagnostic/source.ts';
import type {
  AndOr,
  CommandNode,
  IfCommand,
  List,
  Pipeline,
  Redirection,
  SimpleCommand,
  Word,
} from '../recipe/sh/syntax-tree.ts';
import { regularBuiltins } from './builtins.ts';
import {
  isSuccess,
  type CallOutcome,
  type ProgramCall,
  type Programs,
  type Status,
  type Written,
} from './call.ts';
import { Expander } from './expander.ts';
import {
  areEqualFrames,
  forkFrame,
  type Frame,
  type Leaving,
  type LoopFrame,
  type PendingCall,
  type Result,
} from './frames.ts';
import { applyRedirection } from './redirections.ts';
import { areEqualStates, stateOfSubshell, type ShellState } from './shell-state.ts';
import { isBuiltinName, SimpleCommands } from './simple-command.ts';
import { CapturedOutput, Input, Inputs, type Output, type Streams } from './streams.ts';
import { NotUnderstood } from './text/not-understood.ts';

/** The next thing that a script does. */
export type Stop =
  | { readonly kind: 'call'; readonly call: ProgramCall }
  | {
      readonly kind: 'ended';
      readonly succeeded: boolean;
      readonly written: readonly Written[];
      readonly last: LastCommand;
    };

/** The simple command that a script ran last. `status` is that of the script; undefined if only the last call tells. */
export interface LastCommand {
  readonly span: Span | undefined;
  readonly status: number | undefined;
}

/** A script, as all its runs have it. */
interface Script {
  readonly source: string;
  readonly programs: Programs;
}

/** So many commands are evaluated between the beginning and the end; a loop without end is left to the shell. */
const mostSteps = 20_000;

/**
 * Evaluates a script as dash, BusyBox and bash would. It stops before each call of a program; from there it can go on in two ways, if it
 * is forked. Every method throws a {@link NotUnderstood} where only a shell can tell.
 */
export class Machine {
  state: ShellState;
  readonly #script: Script;
  readonly expander: Expander;
  readonly #simpleCommands: SimpleCommands;
  readonly inputs: Inputs;
  readonly #frames: Frame[];
  readonly #written: Written[];
  #calls = 0;
  #stepsLeft = mostSteps;
  /** The call before which it stands. */
  #pending: PendingCall | undefined = undefined;
  /** The simple command that ran last. */
  #lastRun: Span | undefined = undefined;
  /** The streams of the simple command that is expanded. */
  #streams: Streams | undefined = undefined;
  /** The status of the last command substitution of the command that is expanded. */
  #substitutionStatus: Status | undefined = undefined;

  private constructor(
    script: Script,
    state: ShellState,
    inputs: Inputs,
    frames: Frame[],
    written: Written[],
  ) {
    this.#script = script;
    this.state = state;
    this.inputs = inputs;
    this.#frames = frames;
    this.#written = written;
    this.expander = new Expander(this, script.source, (list, span) => this.#substitute(list, span));
    this.#simpleCommands = new SimpleCommands(this);
  }

  get programs(): Programs {
    return this.#script.programs;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
  }

  /** Begins a script, and goes on to its first stop. */
  static begin(
    list: List,
    script: Script,
    state: ShellState,
    stdin: string,
  ): { machine: Machine; stop: Stop } {
    const machine = new Machine(script, state, new Inputs(), [], []);
    const streams: Streams = { input: Input.of(stdin), output: 'stdout', errors: 'stderr' };
    return { machine, stop: machine.#toStop(machine.#list(list, streams, false)) };
  }

  /** Another machine that stands at the same place. */
  fork(): Machine {
    const frames = this.#frames.map(forkFrame);
    const fork = new Machine(this.#script, { ...this.state }, this.inputs.clone(), frames, [
      ...this.#written,
    ]);
    fork.#calls = this.#calls;
    fork.#stepsLeft = this.#stepsLeft;
    fork.#pending = this.#pending;
    fork.#lastRun = this.#lastRun;
    return fork;
  }

  /** Goes on after the call before which it stands, to the next stop. */
  goOn(outcome: CallOutcome): Stop {
    const pending = this.#pending;
    if (pending === undefined) throw new Error('the script does not wait for a call');
    const { call, input } = pending;
    this.#pending = undefined;
    this.#calls += 1;
    if (this.#script.programs.mayReadInput(call.program, call.arguments))
      this.inputs.spoil(input, `${call.program} may have read of the standard input`);
    return this.#toStop(outcome === 'succeeded' ? 0 : outcome);
  }

  /** Whether another machine of the same script, before an equal call, goes on in the same way as this one. */
  equals(other: Machine): boolean {
    const [one, two] = [this.#pending, other.#pending];
    return (
      one?.input === two?.input &&
      this.#calls === other.#calls &&
      areAll(this.#written, other.#written, (mine, its) => mine === its) &&
      areAll(this.#frames, other.#frames, areEqualFrames) &&
      areEqualStates(this.state, other.state) &&
      this.inputs.equals(other.inputs)
    );
  }

  #toStop(first: Result): Stop {
    const result = this.#run(0, first);
    if (typeof result === 'object' && result.kind === 'call') {
      this.#pending = result;
      return { kind: 'call', call: result.call };
    }
    const status = statusOf(result);
    const last = { span: this.#lastRun, status: status === 'failed' ? undefined : status };
    return { kind: 'ended', succeeded: isSuccess(status), written: this.#written, last };
  }

  /** Goes on until only the first `base` frames are left, a call is reached, or an ending leaves those frames, too. */
  #run(base: number, first: Result): Result {
    let result = first;
    for (;;) {
      if (typeof result === 'object') {
        if (result.kind === 'call') return result;
        const left = this.#leave(result, base);
        if (typeof left === 'object') return left;
        result = left;
      }
      const frame = this.#frames.length > base ? this.#frames.pop() : undefined;
      if (frame === undefined) return result;
      result = this.#resume(frame, result);
    }
  }

  #resume(frame: Frame, status: Status): Result {
    switch (frame.kind) {
      case 'list':
        return this.#listFrom(frame.list, frame.next, frame.streams, frame.tested);
      case 'and-or':
        return this.#andOrFrom(frame.andOr, frame.next, status, frame.streams, frame.tested);
      case 'pipeline':
        return frame.exits && this.#exitsOn(status)
          ? { kind: 'exit', status, byFailure: true }
          : this.#endPipeline(status, frame.negated);
      case 'exit-on-failure':
        return this.#exitsOn(status) ? { kind: 'exit', status, byFailure: true } : status;
      case 'branch':
        return isSuccess(status)
          ? this.#list(frame.node.branches[frame.at]?.body ?? [], frame.streams, frame.tested)
          : this.#branch(frame.node, frame.at + 1, frame.streams, frame.tested);
      case 'loop':
        return this.#goOnWithLoop(frame, status);
      case 'subshell':
        this.state = frame.outer;
        return status;
      case 'function':
        this.#simpleCommands.leaveFunction(frame);
        return status;
    }
  }

  /** Takes away the frames that an ending leaves. Returns the status that it ends with, or what leaves the first `base` frames, too. */
  #leave(ending: Leaving, base: number): Status | Leaving {
    let leaving = ending;
    while (this.#frames.length > base) {
      const frame = this.#frames.pop();
      if (frame === undefined) break;
      switch (frame.kind) {
        case 'subshell':
          this.state = frame.outer;
          return statusOf(leaving);
        case 'function':
          this.#simpleCommands.leaveFunction(frame);
          if (leaving.kind === 'return') return leaving.status;
          break;
        case 'loop':
          if (leaving.kind === 'continue' && leaving.levels === 1) {
            this.#frames.push({ ...frame, waitsFor: 'body' });
            return 0;
          }
          this.state.loopDepth -= 1;
          if (leaving.kind === 'exit' || leaving.kind === 'return') break;
          if (leaving.levels === 1) return 0;
          leaving = { kind: leaving.kind, levels: leaving.levels - 1 };
          break;
        case 'pipeline':
          if (frame.negated && leaving.kind === 'return')
            throw new NotUnderstood(leaving.span, 'shells differ in what `!` makes of a `return`');
          break;
        case 'list':
        case 'and-or':
        case 'exit-on-failure':
        case 'branch':
      }
    }
    return leaving;
  }

  #list(list: List, streams: Streams, tested: boolean): Result {
    return list.length === 0 ? 0 : this.#listFrom(list, 0, streams, tested);
  }

  #listFrom(list: List, at: number, streams: Streams, tested: boolean): Result {
    const andOr = list[at];
    if (andOr === undefined) return 0;
    if (at + 1 < list.length) this.#frames.push({ kind: 'list', list, next: at + 1, streams, tested });
    const { first, rest, background } = andOr;
    if (background)
      throw new NotUnderstood(first.span, 'a command in the background runs at the same time as the others');
    if (rest.length === 0) return this.#pipeline(first, streams, tested);
    this.#frames.push({ kind: 'and-or', andOr, next: 0, streams, tested });
    return this.#pipeline(first, streams, true);
  }

  /** Goes on with the pipelines of `rest`, from the place `next`. */
  #andOrFrom(andOr: AndOr, next: number, status: Status, streams: Streams, tested: boolean): Result {
    const { rest } = andOr;
    for (const [index, { operator, pipeline }] of rest.entries()) {
      if (index < next || isSuccess(status) !== (operator === '&&')) continue;
      const isLast = index === rest.length - 1;
      if (!isLast) this.#frames.push({ kind: 'and-or', andOr, next: index + 1, streams, tested });
      return this.#pipeline(pipeline, streams, tested || !isLast);
    }
    return status;
  }

  #pipeline({ commands, negated, span }: Pipeline, streams: Streams, tested: boolean): Result {
    const inner = tested || negated;
    const [only] = commands;
    if (commands.length === 1 && only !== undefined) {
      this.#frames.push(negated ? negatedPipeline : plainPipeline);
      return this.command(only, streams, inner);
    }
    this.#frames.push({ kind: 'pipeline', negated, exits: !inner });
    return this.#piped(commands, streams, inner, span);
  }

  #endPipeline(status: Status, negated: boolean): Status {
    const end = negated ? (isSuccess(status) ? 1 : 0) : status;
    this.state.lastStatus = end;
    return end;
  }

  /** Commands joined by `|`. All but the last are evaluated whole; the last one may call programs. */
  #piped(commands: readonly CommandNode[], streams: Streams, tested: boolean, span: Span): Result {
    let { input } = streams;
    const before = this.inputs.lengthOf(input);
    for (const command of commands.slice(0, -1)) {
      const output = new CapturedOutput();
      const errors = new CapturedOutput();
      const place = { input, output, errors };
      this.#drain(() => this.#inSubshell(() => this.command(command, place, tested)));
      if (errors.text !== '') {
        throw new NotUnderstood(
          command.span,
          'commands of a pipe run together, so the order of their errors is not known',
        );
      }
      input = Input.of(output.text);
    }
    if (this.inputs.lengthOf(streams.input) !== before)
      this.inputs.spoil(streams.input, 'a command before a `|` may not have read all of its input');
    const last = commands.at(-1);
    if (last === undefined) throw new NotUnderstood(span, 'the pipe does not have an end');
    return this.#inSubshell(() => this.command(last, { ...streams, input }, tested));
  }

  #inSubshell(begin: () => Result): Result {
    this.#frames.push({ kind: 'subshell', outer: this.state });
    this.state = stateOfSubshell(this.state);
    return begin();
  }

  /** Runs what must not call a program. */
  #drain(begin: () => Result): Status | Leaving {
    const result = this.#run(this.#frames.length, begin());
    if (typeof result !== 'object' || result.kind !== 'call') return result;
    const { span, program } = result.call;
    throw new NotUnderstood(span, `what ${program} prints is known only when it runs`);
  }

  #substitute(list: List, span: Span): string {
    const output = new CapturedOutput();
    const streams = this.#streams;
    if (streams === undefined)
      throw new NotUnderstood(span, 'a command substitution stands where none is expected');
    const outer = this.state;
    this.state = stateOfSubshell(outer);
    const end = this.#drain(() => this.#list(list, { ...streams, output }, false));
    if (typeof end === 'object' && end.kind === 'exit' && end.byFailure) {
      throw new NotUnderstood(
        span,
        'shells differ in whether `set -e` holds inside of a command substitution',
      );
    }
    const status = statusOf(end);
    this.#substitutionStatus = status;
    this.state = outer;
    if (outer.lastStatus !== status) outer.lastStatus = 'unclear';
    this.#streams = streams;
    return output.text.replace(/\n+$/, '');
  }

  /** Begins a command. */
  command(node: CommandNode, outer: Streams, tested: boolean): Result {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) throw new NotUnderstood(node.span, 'the script takes too many steps');
    if (node.kind === 'simple') return this.#simple(node, outer, tested);
    const streams = this.#redirect(node.redirections, outer);
    switch (node.kind) {
      case 'group': {
        refuseEmpty(node.body, node.span);
        if (!node.subshell) return this.#list(node.body, streams, tested);
        if (!tested) this.#frames.push(exitOnFailure);
        return this.#inSubshell(() => this.#list(node.body, streams, tested));
      }
      case 'if':
        return this.#branch(node, 0, streams, tested);
      case 'loop': {
        refuseEmpty(node.condition, node.span);
        const { condition, until } = node;
        return this.#loop(node.body, node.span, { kind: 'while', condition, until }, streams, tested);
      }
      case 'for': {
        const values = this.#fields(node.words, streams);
        const { variable } = node;
        return this.#loop(node.body, node.span, { kind: 'for', variable, values, next: 0 }, streams, tested);
      }
      case 'case': {
        this.#streams = streams;
        const subject = this.expander.text(node.subject);
        const matches = (pattern: Word) => {
          this.#streams = streams;
          return this.expander.pattern(pattern).matches(subject);
        };
        const item = node.items.find(({ patterns }) => patterns.some(matches));
        return item === undefined ? 0 : this.#list(item.body, streams, tested);
      }
      case 'function':
        if (
          Object.hasOwn(regularBuiltins, node.name) ||
          isBuiltinName(node.name) ||
          !/^[A-Za-z_]\w*$/.test(node.name)
        ) {
          throw new NotUnderstood(node.span, `a function has the name of a builtin: ${node.name}`);
        }
        if (node.body.kind === 'simple' || node.body.kind === 'function')
          throw new NotUnderstood(node.span, 'not every shell takes this for the body of a function');
        this.state.functions = new Map(this.state.functions).set(node.name, node.body);
        return 0;
      case 'test':
        throw new NotUnderstood(node.span, '`[[ … ]]` is not of POSIX');
    }
  }

  #branch(node: IfCommand, at: number, streams: Streams, tested: boolean): Result {
    const branch = node.branches[at];
    if (branch === undefined) return this.#list(node.otherwise, streams, tested);
    refuseEmpty(branch.condition, node.span);
    refuseEmpty(branch.body, node.span);
    this.#frames.push({ kind: 'branch', node, at, streams, tested });
    return this.#list(branch.condition, streams, true);
  }

  #loop(body: List, span: Span, turns: LoopFrame['turns'], streams: Streams, tested: boolean): Result {
    refuseEmpty(body, span);
    this.state.loopDepth += 1;
    return this.#turn({ kind: 'loop', body, span, turns, streams, tested, waitsFor: 'body', status: 0 });
  }

  #goOnWithLoop(frame: LoopFrame, status: Status): Result {
    if (frame.waitsFor === 'body') return this.#turn({ ...frame, status });
    const { turns, streams, tested } = frame;
    if (isSuccess(status) === (turns.kind === 'while' && turns.until)) return this.#endLoop(frame);
    this.#frames.push({ ...frame, waitsFor: 'body' });
    return this.#list(frame.body, streams, tested);
  }

  /** Begins the next turn of a loop, if there is one. */
  #turn(frame: LoopFrame): Result {
    const { turns, streams } = frame;
    if (turns.kind === 'while') {
      this.#frames.push({ ...frame, waitsFor: 'condition' });
      return this.#list(turns.condition, streams, true);
    }
    const value = turns.values[turns.next];
    if (value === undefined) return this.#endLoop(frame);
    this.#frames.push({ ...frame, turns: { ...turns, next: turns.next + 1 }, waitsFor: 'body' });
    this.state.variables = this.state.variables.with(turns.variable, value, frame.span);
    return this.#list(frame.body, streams, frame.tested);
  }

  #endLoop({ status }: LoopFrame): Status {
    this.state.loopDepth -= 1;
    return status;
  }

  #simple(node: SimpleCommand, outer: Streams, tested: boolean): Result {
    this.#substitutionStatus = undefined;
    this.#streams = outer;
    const declaration = this.#simpleCommands.declare(node);
    if (declaration !== undefined) return declaration;
    const words = this.#fields(node.words, outer);
    if (words.length === 0 && node.assignments.length > 0 && node.redirections.length > 0)
      throw new NotUnderstood(node.span, 'shells differ in what a redirection without a command is for');
    const streams = this.#redirect(node.redirections, outer);
    this.#streams = outer;
    const assignments = this.#simpleCommands.assignments(node, words.length > 0);
    this.#lastRun = node.span;
    if (!tested) this.#frames.push(exitOnFailure);
    if (words.length > 0) return this.#simpleCommands.run(node, words, assignments, streams, tested);
    return this.#statusOfSubstitution() ?? 0;
  }

  #statusOfSubstitution(): Status | undefined {
    return this.#substitutionStatus;
  }

  print(text: string, output: Output): void {
    if (text === '' || output === 'null') return;
    if (output instanceof CapturedOutput) output.text += text;
    else this.#written.push({ to: output, text, afterCalls: this.#calls });
  }

  /** Expands the words of a command; substitutions in them have its streams. */
  #fields(words: readonly Word[], streams: Streams): readonly string[] {
    this.#streams = streams;
    return this.expander.fields(words);
  }

  #redirect(redirections: readonly Redirection[], outer: Streams): Streams {
    let streams = outer;
    for (const redirection of redirections) {
      this.#streams = outer;
      const text = this.expander.text(redirection.hereDocument ?? redirection.target);
      streams = applyRedirection(redirection, text, streams);
    }
    return streams;
  }

  /** `set -e` */
  #exitsOn(status: Status): boolean {
    return this.state.exitsOnFailure && !isSuccess(status);
  }
}

const plainPipeline: Frame = { kind: 'pipeline', negated: false, exits: false };
const negatedPipeline: Frame = { kind: 'pipeline', negated: true, exits: false };
const exitOnFailure: Frame = { kind: 'exit-on-failure' };

/** The status of a shell that ends. */
function statusOf(end: Status | Leaving): Status {
  if (typeof end !== 'object') return end;
  if (end.kind === 'exit' || end.kind === 'return') return end.status;
  throw new Error('a loop was left that is not there');
}

function areAll<T>(some: readonly T[], others: readonly T[], equal: (one: T, other: T) => boolean): boolean {
  return (
    some.length === others.length &&
    some.every((each, at) => {
      const other = others[at];
      return other !== undefined && equal(each, other);
    })
  );
}

function refuseEmpty(list: List, span: Span): void {
  if (list.length === 0) throw new NotUnderstood(span, 'a list of commands is empty');
}
