import type { Span } from '../diagnostic/source.ts';
import type { AndOr, CommandNode, IfCommand, List, Pipeline } from '../recipe/sh/syntax-tree.ts';
import { isSuccess, type Status } from './call.ts';
import type { Frame, Leaving, LoopFrame, Result } from './frames.ts';
import type { ShellState } from './shell-state.ts';
import { CapturedOutput, Input, type Inputs, type Streams } from './streams.ts';
import { NotUnderstood } from './text/not-understood.ts';

/** The shell whose commands are ordered. */
interface OrderedShell {
  readonly state: ShellState;
  readonly inputs: Inputs;
  /** Has a frame resumed after the command that runs next. */
  push(frame: Frame): void;
  command(node: CommandNode, streams: Streams, tested: boolean): Result;
  /** Begins commands in a copy of the state. */
  inSubshell(begin: () => Result): Result;
  /** Runs what must not call a program. */
  drain(begin: () => Result): Status | Leaving;
}

/** Decides which command comes next: lists, `&&`, `||`, `!`, pipelines, `if` and loops. */
export class ControlFlow {
  readonly #shell: OrderedShell;

  constructor(shell: OrderedShell) {
    this.#shell = shell;
  }

  list(list: List, streams: Streams, tested: boolean): Result {
    return list.length === 0 ? 0 : this.listFrom(list, 0, streams, tested);
  }

  listFrom(list: List, at: number, streams: Streams, tested: boolean): Result {
    const andOr = list[at];
    if (andOr === undefined) return 0;
    if (at + 1 < list.length) this.#shell.push({ kind: 'list', list, next: at + 1, streams, tested });
    const { first, rest, background } = andOr;
    if (background)
      throw new NotUnderstood(first.span, 'a command in the background runs at the same time as the others');
    if (rest.length === 0) return this.#pipeline(first, streams, tested);
    this.#shell.push({ kind: 'and-or', andOr, next: 0, streams, tested });
    return this.#pipeline(first, streams, true);
  }

  /** Goes on with the pipelines of `rest`, from the place `next`. */
  andOrFrom(andOr: AndOr, next: number, status: Status, streams: Streams, tested: boolean): Result {
    const { rest } = andOr;
    for (const [index, { operator, pipeline }] of rest.entries()) {
      if (index < next || isSuccess(status) !== (operator === '&&')) continue;
      const isLast = index === rest.length - 1;
      if (!isLast) this.#shell.push({ kind: 'and-or', andOr, next: index + 1, streams, tested });
      return this.#pipeline(pipeline, streams, tested || !isLast);
    }
    return status;
  }

  #pipeline({ commands, negated, span }: Pipeline, streams: Streams, tested: boolean): Result {
    const inner = tested || negated;
    const [only] = commands;
    if (commands.length === 1 && only !== undefined) {
      this.#shell.push(negated ? negatedPipeline : plainPipeline);
      return this.#shell.command(only, streams, inner);
    }
    this.#shell.push({ kind: 'pipeline', negated, exits: !inner });
    return this.#piped(commands, streams, inner, span);
  }

  endPipeline(status: Status, negated: boolean): Status {
    const end = negated ? (isSuccess(status) ? 1 : 0) : status;
    this.#shell.state.lastStatus = end;
    return end;
  }

  /** Commands joined by `|`. All but the last are evaluated whole; the last one may call programs. */
  #piped(commands: readonly CommandNode[], streams: Streams, tested: boolean, span: Span): Result {
    let { input } = streams;
    const before = this.#shell.inputs.lengthOf(input);
    for (const command of commands.slice(0, -1)) {
      const output = new CapturedOutput();
      const errors = new CapturedOutput();
      const place = { input, output, errors };
      this.#shell.drain(() => this.#shell.inSubshell(() => this.#shell.command(command, place, tested)));
      if (errors.text !== '') {
        throw new NotUnderstood(
          command.span,
          'commands of a pipe run together, so the order of their errors is not known',
        );
      }
      input = Input.of(output.text);
    }
    if (this.#shell.inputs.lengthOf(streams.input) !== before)
      this.#shell.inputs.spoil(streams.input, 'a command before a `|` may not have read all of its input');
    const last = commands.at(-1);
    if (last === undefined) throw new NotUnderstood(span, 'the pipe does not have an end');
    return this.#shell.inSubshell(() => this.#shell.command(last, { ...streams, input }, tested));
  }

  branch(node: IfCommand, at: number, streams: Streams, tested: boolean): Result {
    const branch = node.branches[at];
    if (branch === undefined) return this.list(node.otherwise, streams, tested);
    refuseEmpty(branch.condition, node.span);
    refuseEmpty(branch.body, node.span);
    this.#shell.push({ kind: 'branch', node, at, streams, tested });
    return this.list(branch.condition, streams, true);
  }

  loop(body: List, span: Span, turns: LoopFrame['turns'], streams: Streams, tested: boolean): Result {
    refuseEmpty(body, span);
    this.#shell.state.loopDepth += 1;
    return this.#turn({ kind: 'loop', body, span, turns, streams, tested, waitsFor: 'body', status: 0 });
  }

  goOnWithLoop(frame: LoopFrame, status: Status): Result {
    if (frame.waitsFor === 'body') return this.#turn({ ...frame, status });
    const { turns, streams, tested } = frame;
    if (isSuccess(status) === (turns.kind === 'while' && turns.until)) return this.#endLoop(frame);
    this.#shell.push({ ...frame, waitsFor: 'body' });
    return this.list(frame.body, streams, tested);
  }

  /** Begins the next turn of a loop, if there is one. */
  #turn(frame: LoopFrame): Result {
    const { turns, streams } = frame;
    if (turns.kind === 'while') {
      this.#shell.push({ ...frame, waitsFor: 'condition' });
      return this.list(turns.condition, streams, true);
    }
    const value = turns.values[turns.next];
    if (value === undefined) return this.#endLoop(frame);
    this.#shell.push({ ...frame, turns: { ...turns, next: turns.next + 1 }, waitsFor: 'body' });
    this.#shell.state.variables = this.#shell.state.variables.with(turns.variable, value, frame.span);
    return this.list(frame.body, streams, frame.tested);
  }

  #endLoop({ status }: LoopFrame): Status {
    this.#shell.state.loopDepth -= 1;
    return status;
  }
}

const plainPipeline: Frame = { kind: 'pipeline', negated: false, exits: false };
const negatedPipeline: Frame = { kind: 'pipeline', negated: true, exits: false };

/** Throws a {@link NotUnderstood} for an empty list, which no shell takes. */
export function refuseEmpty(list: List, span: Span): void {
  if (list.length === 0) throw new NotUnderstood(span, 'a list of commands is empty');
}
