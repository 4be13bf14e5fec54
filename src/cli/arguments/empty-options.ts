import type { Command } from 'commander';

/** Options whose empty value means something. */
const mayBeEmpty: readonly string[] = ['--data'];

/**
 * Refuses `--state-dir "$UNSET"`, which would name the current directory, and its like.
 *
 * @param exempt more options whose empty value means something to this command
 */
export function refuseEmptyOptions(command: Command, exempt: readonly string[] = []): void {
  const allowed = [...mayBeEmpty, ...exempt];
  for (let owner: Command | null = command; owner !== null; owner = owner.parent) {
    for (const option of owner.options) {
      const name = option.attributeName();
      const value: unknown = owner.getOptionValue(name);
      const isEmpty = value === '' || (Array.isArray(value) && value.includes(''));
      if (isEmpty && owner.getOptionValueSource(name) === 'cli' && !allowed.includes(option.long ?? '')) {
        command.error(`error: option '${option.flags}' argument is empty`);
      }
    }
  }
}
