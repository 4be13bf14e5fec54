import type { Span } from '../diagnostic/source.ts';
import type { CommandNode, List, Redirection, SimpleCommand, Word } from '../recipe/sh/syntax-tree.ts';
import {
  isSuccess,
  type CallOutcome,
  type ProgramCall,
  type Programs,
  type Status,
  type Written,
} from './call.ts';
import { ControlFlow, refuseEmpty } from './control-flow.ts';
import { Expander } from './expander.ts';
import {
  areEqualFrames,
  forkFrame,
  leaveFrames,
  endStatusOf,
  type Frame,
  type FunctionFrame,
  type Leaving,
  type PendingCall,
  type Result,
} from './frames.ts';
import { applyRedirection } from './redirections.ts';
import { areEqualStates, stateOfSubshell, type ShellState } from './shell-state.ts';
import { SimpleCommands } from './simple-command.ts';
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
  readonly #flow: ControlFlow;
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
    this.#flow = new ControlFlow(this);
  }

  get programs(): Programs {
    return this.#script.programs;
  }

  leaveFunction(frame: FunctionFrame): void {
    this.#simpleCommands.leaveFunction(frame);
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
    return { machine, stop: machine.#toStop(machine.#flow.list(list, streams, false)) };
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
    const status = endStatusOf(result);
    const last = { span: this.#lastRun, status: status === 'failed' ? undefined : status };
    return { kind: 'ended', succeeded: isSuccess(status), written: this.#written, last };
  }

  /** Goes on until only the first `base` frames are left, a call is reached, or an ending leaves those frames, too. */
  #run(base: number, first: Result): Result {
    let result = first;
    for (;;) {
      if (typeof result === 'object') {
        if (result.kind === 'call') return result;
        const left = leaveFrames(this.#frames, result, base, this);
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
        return this.#flow.listFrom(frame.list, frame.next, frame.streams, frame.tested);
      case 'and-or':
        return this.#flow.andOrFrom(frame.andOr, frame.next, status, frame.streams, frame.tested);
      case 'pipeline':
        return frame.exits && this.#exitsOn(status)
          ? { kind: 'exit', status, byFailure: true }
          : this.#flow.endPipeline(status, frame.negated);
      case 'exit-on-failure':
        return this.#exitsOn(status) ? { kind: 'exit', status, byFailure: true } : status;
      case 'branch':
        return isSuccess(status)
          ? this.#flow.list(frame.node.branches[frame.at]?.body ?? [], frame.streams, frame.tested)
          : this.#flow.branch(frame.node, frame.at + 1, frame.streams, frame.tested);
      case 'loop':
        return this.#flow.goOnWithLoop(frame, status);
      case 'subshell':
        this.state = frame.outer;
        return status;
      case 'function':
        this.#simpleCommands.leaveFunction(frame);
        return status;
    }
  }

  inSubshell(begin: () => Result): Result {
    this.#frames.push({ kind: 'subshell', outer: this.state });
    this.state = stateOfSubshell(this.state);
    return begin();
  }

  /** Runs what must not call a program. */
  drain(begin: () => Result): Status | Leaving {
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
    const end = this.drain(() => this.#flow.list(list, { ...streams, output }, false));
    if (typeof end === 'object' && end.kind === 'exit' && end.byFailure) {
      throw new NotUnderstood(
        span,
        'shells differ in whether `set -e` holds inside of a command substitution',
      );
    }
    const status = endStatusOf(end);
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
        if (!node.subshell) return this.#flow.list(node.body, streams, tested);
        if (!tested) this.#frames.push(exitOnFailure);
        return this.inSubshell(() => this.#flow.list(node.body, streams, tested));
      }
      case 'if':
        return this.#flow.branch(node, 0, streams, tested);
      case 'loop': {
        refuseEmpty(node.condition, node.span);
        const { condition, until } = node;
        return this.#flow.loop(node.body, node.span, { kind: 'while', condition, until }, streams, tested);
      }
      case 'for': {
        const values = this.#fields(node.words, streams);
        const { variable } = node;
        return this.#flow.loop(
          node.body,
          node.span,
          { kind: 'for', variable, values, next: 0 },
          streams,
          tested,
        );
      }
      case 'case': {
        this.#streams = streams;
        const subject = this.expander.text(node.subject);
        const matches = (pattern: Word) => {
          this.#streams = streams;
          return this.expander.pattern(pattern).matches(subject);
        };
        const item = node.items.find(({ patterns }) => patterns.some(matches));
        return item === undefined ? 0 : this.#flow.list(item.body, streams, tested);
      }
      case 'function':
        this.#simpleCommands.define(node);
        return 0;
      case 'test':
        throw new NotUnderstood(node.span, '`[[ … ]]` is not of POSIX');
    }
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

const exitOnFailure: Frame = { kind: 'exit-on-failure' };

function areAll<T>(some: readonly T[], others: readonly T[], equal: (one: T, other: T) => boolean): boolean {
  return (
    some.length === others.length &&
    some.every((each, at) => {
      const other = others[at];
      return other !== undefined && equal(each, other);
    })
  );
}
