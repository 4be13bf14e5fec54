import type { Command, Option } from 'commander';
import { nearestName } from '../../diagnostic/nearest.ts';
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
      words.push(spellUnknown(command, word, name, argv));
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

/**
 * Commander refuses an unknown option. It would show the value as well, which may be a secret, and names only a known option that differs in
 * three letters at most. Ends the command itself for one that is near in proportion to its length, unless help is asked for.
 */
function spellUnknown(command: Command, word: string, name: string, argv: readonly string[]): string {
  if (!word.startsWith('--') && isShort(command, name)) return word;
  const asksForHelp = argv.some((each) => /^(?:-h|--?help)$/.test(each));
  const known = command.options.flatMap(({ long }) => (long == null ? [] : [long.slice(2)]));
  const nearest = command.commands.length > 0 || asksForHelp ? undefined : nearestName(name, known);
  if (nearest !== undefined) {
    command.error(`error: unknown option '--${name}'\n(Did you mean --${nearest}?)`);
  }
  return `--${name}`;
}

/** Whether a word is a short option, perhaps with its value, or several short options without values. */
function isShort(command: Command, name: string): boolean {
  const [first, ...others] = name;
  const option = findShort(command, first ?? '');
  if (option === undefined) return name === 'h';
  return option.required || others.every((letter) => findShort(command, letter) !== undefined);
}

function findShort(command: Command, letter: string): Option | undefined {
  for (let owner: Command | null = command; owner !== null; owner = owner.parent) {
    const found = owner.options.find(({ short }) => short === `-${letter}`);
    if (found !== undefined) return found;
  }
  return undefined;
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
