import type { Command } from 'commander';
import { flanneldOptions, mayBeEmptyInFlanneld, variableOf, type FlanneldOption } from './options.ts';

/** An option of flanneld's that the operator gave. */
export interface GivenFlanneldOption {
  readonly row: FlanneldOption;
  /** How the operator gave it, for messages: `--ip-masq` or `FLANNELD_IP_MASQ`. */
  readonly origin: string;
  /** As commander has read it. */
  readonly value: unknown;
}

/** The options of flanneld that a command was given, on the command line or in a variable. */
export function listGiven(command: Command): readonly GivenFlanneldOption[] {
  return flanneldOptions.flatMap((row) => {
    const option = command.options.find(({ long }) => long === `--${row.name}`);
    if (option === undefined) return [];
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    if (source !== 'cli' && source !== 'env') return [];
    const origin = source === 'cli' ? `--${row.name}` : variableOf(row);
    return [{ row, origin, value: command.getOptionValue(name) as unknown }];
  });
}

/**
 * Takes the options that were given empty on the command line out of a command: `--public-ip=$UNSET` says nothing to flanneld. Only those
 * whose default is empty; to the others an empty value is a mistake. Returns their names.
 */
export function dropEmptyOptions(command: Command): readonly string[] {
  const dropped: string[] = [];
  for (const { row, value } of listGiven(command)) {
    if (!mayBeEmptyInFlanneld.includes(`--${row.name}`)) continue;
    const texts = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    const rest = texts.filter((text) => text !== '');
    if (rest.length === texts.length) continue;
    const option = command.options.find(({ long }) => long === `--${row.name}`);
    const name = option?.attributeName() ?? '';
    const left = row.kind === 'texts' && rest.length > 0;
    command.setOptionValueWithSource(name, left ? rest : option?.defaultValue, left ? 'cli' : 'default');
    dropped.push(`--${row.name}`);
  }
  return dropped;
}
