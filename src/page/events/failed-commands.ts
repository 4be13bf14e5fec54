import type { CommandTrouble } from '../../event/trouble.ts';
import type { HeddleEvent } from '../../event/event.ts';
import type { CommandFailure } from '../model.ts';
import { frameAround } from './frames.ts';
import { printedText, type NodeEvents } from './time-line.ts';

/** The most failures of a page. */
const mostFailures = 40;

/** Reads the text of a recipe by the file's name; undefined if the page does not know it. */
type RecipeText = (file: string) => string | undefined;

/** Finds the commands that failed, those that still fail first. Repeated failures of one command for one peer count as one. */
export function findFailures(nodes: readonly NodeEvents[], textOf: RecipeText): readonly CommandFailure[] {
  const all = nodes.flatMap(({ node, events }) => {
    const book = new Map<string, CommandFailure>();
    for (const { time, event } of events) note(book, node, time, event, textOf);
    return [...book.values()];
  });
  const order = (failure: CommandFailure): number => Number(failure.isOver);
  return all.sort((one, other) => order(one) - order(other)).slice(0, mostFailures);
}

function note(
  book: Map<string, CommandFailure>,
  node: string,
  at: string,
  event: HeddleEvent,
  textOf: RecipeText,
): void {
  switch (event.event) {
    case 'command-failed':
    case 'batch-failed':
      add(book, { node, at, peer: null, trouble: event.trouble }, textOf);
      return;
    case 'peer-failed':
      add(book, { node, at, peer: event.peer.subnet, trouble: event.trouble }, textOf);
      return;
    case 'peer-added':
    case 'peer-removed':
      end(book, ({ peer }) => peer === event.peer.subnet);
      return;
    case 'batch-applied':
      for (const { subnet } of [...event.added, ...event.removed]) end(book, ({ peer }) => peer === subnet);
      return;
    case 'command-finished':
      end(book, ({ command, peer }) => peer === null && command === event.command);
      return;
    default:
      return;
  }
}

interface Failure {
  readonly node: string;
  readonly at: string;
  readonly peer: string | null;
  readonly trouble: CommandTrouble;
}

function add(book: Map<string, CommandFailure>, failure: Failure, textOf: RecipeText): void {
  const { node, at, peer, trouble } = failure;
  const { command, how, where, text } = trouble;
  const key = [command, peer, where?.line, how].join('\n');
  const source = where && textOf(where.file);
  const known = source === undefined || where === undefined ? [] : frameAround(source, where.line);
  const only = text === undefined ? [] : [{ number: where?.line ?? 1, text, isMarked: true }];
  book.set(key, {
    node,
    command,
    peer,
    how,
    where: where ?? null,
    frame: known.length > 0 ? known : only,
    stderr: printedText(trouble.stderr),
    count: (book.get(key)?.count ?? 0) + 1,
    lastAt: at,
    isOver: false,
  });
}

function end(book: Map<string, CommandFailure>, isMeant: (failure: CommandFailure) => boolean): void {
  for (const [key, failure] of book) if (isMeant(failure)) book.set(key, { ...failure, isOver: true });
}
