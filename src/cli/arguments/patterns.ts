import type { Command } from 'commander';

/**
 * Ends a command with exit code 2 for an --iface-regex that is not a regular expression in Go's syntax. Commander's parsers cannot do that:
 * the engine that has Go's syntax is loaded only for a pattern.
 */
export async function refuseBadPatterns(command: Command): Promise<void> {
  const option = command.options.find(({ long }) => long === '--iface-regex');
  const name = option?.attributeName() ?? '';
  const patterns = (command.getOptionValue(name) as readonly string[] | undefined) ?? [];
  if (option === undefined || patterns.length === 0) return;
  const { RE2JS, RE2JSException } = await import('re2js');
  for (const pattern of patterns) {
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      const why = error.message.replace(/^error parsing regexp: /, '');
      const isVariable = command.getOptionValueSource(name) === 'env';
      const given = isVariable
        ? `value '${pattern}' from env '${option.envVar ?? ''}'`
        : `argument '${pattern}'`;
      command.error(
        `error: option '${option.flags}' ${given} is invalid. It is not a regular expression: ${why}.`,
      );
    }
  }
}
