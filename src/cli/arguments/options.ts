import { InvalidArgumentError, Option } from 'commander';
import { hideParameters } from './process-list.ts';
import { isChainSuffix } from '../../traffic/rule.ts';
import { describeUnpassable } from '../../recipe/inherited-variables.ts';

/** Where a node keeps what must survive a restart: its journal, keys and control socket. */
const defaultStateDirectory = '/var/lib/heddle/state';
export const defaultSubnetFile = '/run/flannel/subnet.env';

export function stateDirectoryOption(): Option {
  return new Option('--state-dir <dir>', 'where this node keeps its journal, its keys and its control socket')
    .env('HEDDLE_STATE_DIR')
    .default(defaultStateDirectory);
}

export function parameterOption(): Option {
  return new Option(
    '--param <K=V>',
    'set a parameter of the recipe; K=@FILE takes the value from a file, @@ is a literal @; repeat for more',
  ).argParser((text, previous?: readonly string[]) => {
    if (!/^[^=]+=/.test(text)) throw new InvalidArgumentError('It must be NAME=VALUE.');
    hideParameters();
    return collect(text, previous);
  });
}

/** Collects the names of variables that commands may be given. */
export function parseVariableName(text: string, previous?: readonly string[]): string[] {
  const why = describeUnpassable(text);
  if (why !== undefined) throw new InvalidArgumentError(`It ${why}.`);
  return collect(text, previous);
}

/** Reads the suffix of the names of chains. */
export function parseChainSuffix(text: string): string {
  if (isChainSuffix(text)) return text;
  throw new InvalidArgumentError('It must be at most 13 letters, digits, dashes and underscores.');
}

/** A parser for options that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

/** A parser for a whole number within bounds, both inclusive. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}
