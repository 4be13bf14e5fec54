import type { Command } from 'commander';
import { nearestName } from '../diagnostic/nearest.ts';

/** Shows the help of the command that these words below another one are. */
export function showHelp(command: Command, words: readonly string[]): void {
  const [word, ...rest] = words;
  if (word === undefined) {
    command.outputHelp();
    return;
  }
  const subcommand = command.commands.find((candidate) => candidate.name() === word);
  if (subcommand === undefined) refuseUnknownCommand(command, word);
  showHelp(subcommand, rest);
}

/** Refuses a word as commander does, which has no such check where a command does something by itself. */
export function refuseUnknownCommand(command: Command, word: string): never {
  const nearest = nearestName(
    word,
    command.commands.map((candidate) => candidate.name()),
  );
  const suggestion = nearest === undefined ? '' : `\n(Did you mean ${nearest}?)`;
  command.error(`error: unknown command '${word}'${suggestion}`);
}
