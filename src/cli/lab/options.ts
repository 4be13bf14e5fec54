import { InvalidArgumentError, Option } from 'commander';
import { defaultLabName, familyChoices, type FamilyChoice } from '../../lab/plan/request.ts';

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

/** An option for the families of an overlay, whose help lists the choices. The caller says how its value is read. */
export function familyOption(flags: string, description: string): Option {
  return new Option(flags, description).choices(familyChoices.map((choice) => choice.toLowerCase()));
}

/** Reads the families of an overlay: ipv4, ipv6 or dual, in capitals or small letters. */
export function readFamily(text: string): FamilyChoice {
  const found = familyChoices.find((each) => each.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw new InvalidArgumentError('Allowed choices are ipv4, ipv6, dual.');
}

/** The option for the file that a lab's report is written to. */
export function reportOption(): Option {
  return new Option(
    '--report <file>',
    'also write the result as one HTML file, which needs no server: a drawing, the matrix, the events, the way of a packet',
  );
}
