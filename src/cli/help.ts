import type { Command } from 'commander';

/** Adds `help COMMAND…` to a command, and to each below it that has commands of its own. */
export function addHelp(command: Command): void {
  for (const subcommand of command.commands) if (subcommand.commands.length > 0) addHelp(subcommand);
  command
    .helpCommand(false)
    .command('help')
    .summary('show the help of a command')
    .description('Shows the help of a command, like its option --help.')
    .argument('[command...]', 'the words of the command, such as lab run')
    .action(async (words: readonly string[]) => {
      const { showHelp } = await import('./run-help.ts');
      showHelp(command, words);
    });
}

/** For a command that does something by itself and has others below it: refuses words that are none of them. */
export async function refuseUnknownWords(command: Command): Promise<void> {
  const [word] = command.args;
  if (word === undefined) return;
  const { refuseUnknownCommand } = await import('./run-help.ts');
  refuseUnknownCommand(command, word);
}
