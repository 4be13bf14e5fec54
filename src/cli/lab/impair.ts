import { InvalidArgumentError, type Command } from 'commander';
import { Failure } from '../../diagnostic/failure.ts';
import {
  delayForm,
  lossForm,
  mtuBounds,
  parseDelay,
  parseLoss,
  parseRate,
  rateForm,
  type LinkChange,
} from '../../lab/plan/underlay/impairment.ts';
import { nameOption } from './options.ts';

interface ImpairOptions {
  readonly name: string;
  readonly mtu?: Limit;
  readonly loss?: Limit;
  readonly rate?: Limit;
  readonly delay?: Limit;
  readonly clear?: true;
  readonly json?: true;
}

/** The value of an option that removes a limit. */
const noLimit = 'none';
type Limit = number | typeof noLimit;

/** Adds `heddle lab impair`. */
export function registerImpair(lab: Command): void {
  const { minimum, maximum } = mtuBounds;
  lab
    .command('impair')
    .summary('limit a link of a running lab, or show what is set: MTU, loss, rate, delay')
    .description(
      'Changes the MTU, loss, rate or delay of a link of a running lab, or of all links of a host, and shows what is set. Without an option it only shows; without a link it shows all of them. The value none removes a limit.',
    )
    .addOption(nameOption())
    .argument('[link]', 'a link (node1:eth0), or a host for all of its links (node1, router1, etcd)')
    .option(
      '--mtu <bytes>',
      'the MTU of both ends',
      limit(parseMtu, `a number from ${minimum} to ${maximum}`),
    )
    .option(
      '--loss <percentage>',
      'the part of the packets that is lost, each way',
      limit(parseLoss, lossForm),
    )
    .option('--rate <rate>', 'the bits per second, each way', limit(parseRate, rateForm))
    .option('--delay <time>', 'the time that the link adds, each way', limit(parseDelay, delayForm))
    .option('--clear', 'remove every limit')
    .option('--json', 'print one JSON object')
    .action(async (link: string | undefined, options: ImpairOptions) => {
      const change = toChange(options);
      if (link === undefined && Object.keys(change).length > 0) {
        throw new Failure('usage', 'a change needs a link or a host', {
          hint: 'name one, such as node1:eth0 or node1; heddle lab impair shows all of them',
        });
      }
      const { impairLinks } = await import('../../lab/underlay/impair.ts');
      await impairLinks(options.name, link, change, options.json ?? false);
    });
}

function toChange({ mtu, loss, rate, delay, clear }: ImpairOptions): LinkChange {
  const all: LinkChange = clear ? { mtu: null, loss: null, rate: null, delay: null } : {};
  const given = Object.entries({ mtu, loss, rate, delay }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value === noLimit ? null : value]],
  );
  return { ...all, ...(Object.fromEntries(given) as LinkChange) };
}

/** A parser of the value of a limit. */
function limit(parse: (text: string) => number | undefined, form: string): (text: string) => Limit {
  return (text) => {
    if (text === noLimit) return noLimit;
    const value = parse(text);
    if (value === undefined)
      throw new InvalidArgumentError(`It must be ${form.replaceAll('`', '')}, or ${noLimit}.`);
    return value;
  };
}

function parseMtu(text: string): number | undefined {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  const { minimum, maximum } = mtuBounds;
  return value !== undefined && value >= minimum && value <= maximum ? value : undefined;
}
