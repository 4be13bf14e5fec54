import { InvalidArgumentError, Option } from 'commander';
import { defaultLabName } from '../../lab/plan/request.ts';

/** The options of a command for a lab that runs. */
export interface NamedOptions {
  readonly name: string;
  readonly json?: true;
}

/** The option that names the lab. */
export function nameOption(): Option {
  return new Option('--name <name>', "the lab's name").default(defaultLabName).argParser((text) => {
    if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) {
      throw new InvalidArgumentError('A name has at most 64 letters, digits, dots, dashes and underscores.');
    }
    return text;
  });
}
