import { Command } from 'commander';
import { readFileSync } from 'node:fs';

import { addStoreOptions, chooseStore } from '../../../src/cli/arguments/store-options.ts';
import { kindsWithLoom } from './toy-kind.ts';

// Prints what others see of its command line, before and after it has read its options.
const shown = (): string[] => readFileSync('/proc/self/cmdline', 'utf8').split('\0');
const before = shown();
const program = addStoreOptions(new Command(), kindsWithLoom).action(async (_: unknown, self: Command) => {
  await chooseStore(self, kindsWithLoom);
  process.stdout.write(JSON.stringify({ before, after: shown() }));
});
await program.parseAsync(process.argv);
