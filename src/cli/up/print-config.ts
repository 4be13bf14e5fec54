import { renderTable } from '../terminal/table.ts';
import { formatValue, type OptionInForce } from './options-in-force.ts';

/** The output of `heddle up --print-config --json`. */
export interface PrintedConfiguration {
  readonly options: readonly OptionInForce[];
  /** The sentences that the log would have about the command line. */
  readonly warnings: readonly string[];
}

/** Prints every option with its value and its origin. For people, the warnings follow on stderr. */
export function printConfiguration(configuration: PrintedConfiguration, json: boolean): void {
  const { options, warnings } = configuration;
  if (json) {
    process.stdout.write(`${JSON.stringify(configuration)}\n`);
    return;
  }
  const rows = options.map((option) => [
    option.name,
    formatValue(option.value) || '-',
    describeOrigin(option),
  ]);
  process.stdout.write(renderTable(['OPTION', 'VALUE', 'FROM'], rows));
  for (const warning of warnings) process.stderr.write(`heddle: ${warning}\n`);
}

function describeOrigin({ from, source }: OptionInForce): string {
  if (source === null) return from;
  return from === 'default' ? `default: ${source}` : `${from} ${source}`;
}
