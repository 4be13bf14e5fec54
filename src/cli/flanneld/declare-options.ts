import { Option, type Command } from 'commander';
import { goNumber, parseTruth } from '../arguments/go-values.ts';
import { flanneldOptions, variableOf, type FlanneldOption } from './options.ts';

/** The heading in the help of options that are there for command lines of flanneld. */
const flanneldHeading = 'Options of flanneld, accepted so that its command lines work:';

const numberBounds: Readonly<Record<string, readonly [minimum: number, maximum: number]>> = {
  v: [-2_147_483_648, 2_147_483_647],
};

/** Adds those options of flanneld that the command does not have yet. */
export function addFlanneldOptions(command: Command): Command {
  for (const row of flanneldOptions) {
    if (command.options.every(({ long }) => long !== `--${row.name}`)) command.addOption(toCommander(row));
  }
  return command;
}

function toCommander(row: FlanneldOption): Option {
  const option = new Option(flagsOf(row), describe(row)).helpGroup(flanneldHeading);
  if (row.kind === 'truth') option.argParser(parseTruth);
  const [minimum, maximum] = numberBounds[row.name] ?? [0, Number.MAX_SAFE_INTEGER];
  if (row.kind === 'number') option.argParser(goNumber(minimum, maximum));
  // flanneld reads its variables only after it has answered --version.
  return row.name === 'version' ? option : option.env(variableOf(row));
}

function flagsOf({ name, kind }: FlanneldOption): string {
  switch (kind) {
    case 'truth':
      return `--${name} [bool]`;
    case 'number':
      return `--${name} <n>`;
    case 'text':
    case 'texts':
      return `--${name} <text>`;
  }
}

function describe({ name, meaning }: FlanneldOption): string {
  switch (meaning.kind) {
    case 'same':
      return name === 'version' ? 'show the version of heddle and exit' : '';
    case 'of-store':
    case 'without-effect':
      return `no effect: ${meaning.why}`;
  }
}
