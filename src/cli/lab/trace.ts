import { Option, type Command } from 'commander';
import { wholeNumber } from '../arguments/options.ts';
import { nameOption, type NamedOptions } from './options.ts';

interface TraceCommandOptions extends NamedOptions {
  readonly size: number;
  readonly family?: '4' | '6';
}

/** The sizes of an echo as an IP packet, in bytes: at least the headers and a mark in the payload. */
const echoBounds = { minimum: 112, maximum: 65_535 } as const;

/** Adds `heddle lab trace`. */
export function registerTrace(lab: Command): void {
  const { minimum, maximum } = echoBounds;
  lab
    .command('trace')
    .summary('follow one packet from one pod or node to another, and find out where it is lost')
    .description(
      'Sends one echo from a pod or node to another, and shows its way: at each place the route, the neighbour, the forwarding or peer entry and the encapsulation that decide, and the frames that tcpdump sees there. If no answer comes, the command names the last place, the likely cause and a command that shows it, and exits with 13.',
    )
    .addOption(nameOption())
    .argument('<from>', 'node1 … nodeN, or node1-pod … nodeN-pod')
    .argument('<to>', 'node1 … nodeN, or node1-pod … nodeN-pod')
    .option(
      '--size <bytes>',
      'the size of the echo as an IP packet, which must not be fragmented',
      wholeNumber(minimum, maximum),
      minimum,
    )
    .addOption(new Option('--family <family>', 'use addresses of this family').choices(['4', '6']))
    .option('--json', 'print one JSON object')
    .action(async (from: string, to: string, options: TraceCommandOptions) => {
      const [{ traceLab }, { exitCodes }] = await Promise.all([
        import('../../lab/trace.ts'),
        import('../../diagnostic/failure.ts'),
      ]);
      const family = options.family === undefined ? undefined : options.family === '4' ? 4 : 6;
      const echo = { from, to, size: options.size, family } as const;
      const isAnswered = await traceLab(options.name, echo, options.json ?? false);
      if (!isAnswered) process.exitCode = exitCodes['lab-failed'];
    });
}
