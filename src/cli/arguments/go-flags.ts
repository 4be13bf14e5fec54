import type { Command, Option } from 'commander';
import { readTruth, truthHint } from './go-values.ts';

/** An option as a word of the command line: `-name`, `--name`, `-name=value` or `--name=value`. */
const optionWord = /^--?([a-z][a-z0-9_-]*)(?:=([^]*))?$/;

/**
 * Lets every command be called as Go's programs are. A single dash before a long name becomes two. An option that takes no value takes
 * `=VALUE` with one of Go's truth values, and the short forms of flanneld's truth values get theirs. The values of options, words after
 * `--` and the command line of `lab exec` stay as they are. Ends the command with exit code 2 for a word that is not a truth value.
 */
export function acceptGoFlags(program: Command, argv: readonly string[]): string[] {
  const words = argv.slice(0, 2);
  let command = program;
  for (let at = 2; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') return [...words, ...argv.slice(at)];
    const [, name, value] = optionWord.exec(word) ?? [];
    if (name === undefined) {
      words.push(word);
      if (word.startsWith('-')) continue;
      const subcommand = command.commands.find((each) => each.name() === word);
      if (subcommand !== undefined) command = subcommand;
      else if (handsOptionsOn(command)) return [...words, ...argv.slice(at + 1)];
      continue;
    }
    const option = findOption(command, name);
    if (option === undefined) {
      words.push(spellUnknown(command, word, name));
    } else if (option.required) {
      words.push(value === undefined ? `--${name}` : `--${name}=${value}`);
      if (value === undefined && at + 1 < argv.length) words.push(argv[(at += 1)] ?? '');
    } else {
      words.push(...spellTruth(command, option, value, argv[at + 1]));
    }
  }
  return words;
}

/** Whether commander leaves everything after the first operand to another program. It has no getter for that. */
function handsOptionsOn(command: Command): boolean {
  return Reflect.get(command, '_passThroughOptions') === true;
}

function findOption(command: Command, name: string): Option | undefined {
  for (let owner: Command | null = command; owner !== null; owner = owner.parent) {
    const found = owner.options.find(({ long }) => long === `--${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Commander refuses an unknown option, with the nearest name. It would show the value as well, which may be a secret. */
function spellUnknown(command: Command, word: string, name: string): string {
  const isShort = name !== 'help' && !word.startsWith('--') && hasShortOption(command, name);
  return isShort ? word : `--${name}`;
}

function hasShortOption(command: Command, name: string): boolean {
  const short = `-${name.slice(0, 1)}`;
  if (short === '-h') return true;
  for (let owner: Command | null = command; owner !== null; owner = owner.parent) {
    if (owner.options.some((option) => option.short === short)) return true;
  }
  return false;
}

/** An option without a value is given or left out; one of flanneld's gets its truth value. */
function spellTruth(
  command: Command,
  option: Option,
  value: string | undefined,
  next: string | undefined,
): string[] {
  const name = option.long ?? '';
  if (option.optional) {
    // Go would take the bare option for true, and neither read that word nor any option after it.
    if (value === undefined && next !== undefined && readTruth(next) !== undefined) {
      command.error(`error: '${next}' after ${name} is not its value; write ${name}=${next}`);
    }
    return [`${name}=${value ?? 'true'}`];
  }
  if (value === undefined) return [name];
  const truth = readTruth(value);
  if (truth === undefined) {
    command.error(`error: option '${option.flags}' argument '${value}' is invalid. ${truthHint}`);
  }
  return truth ? [name] : [];
}
