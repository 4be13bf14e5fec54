import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CommandName } from '../../../src/recipe/recipe.ts';
import type { Overlay } from './overlays.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

type CommandText = string | readonly string[];
/** The `Backend` of a recipe that a test bends to its purpose. */
export type Backend = Partial<Record<CommandName, CommandText>> & {
  Timeout?: number;
  Concurrency?: number;
};

const commandNames = [
  'PreStartupCommand',
  'PostStartupCommand',
  'SubnetAddCommand',
  'SubnetRemoveCommand',
  'SubnetBatchCommand',
  'ShutdownCommand',
  'CheckCommand',
  'MonitorCommand',
] as const satisfies readonly CommandName[];

/** The same overlay by a changed copy of its recipe, under the same name. */
export function bend(t: TestContext, overlay: Overlay, change: (backend: Backend) => void): Overlay {
  const document = JSON.parse(readFileSync(overlay.recipe, 'utf8')) as { readonly Backend: Backend };
  change(document.Backend);
  const recipe = join(temporaryDirectory(t), basename(overlay.recipe));
  writeFileSync(recipe, JSON.stringify(document, undefined, 2));
  return { ...overlay, recipe };
}

/** Puts a line before a command. */
export function prepend(backend: Backend, name: CommandName, line: string): void {
  const command = backend[name];
  if (command === undefined) throw new Error(`The recipe has no ${name}.`);
  backend[name] = typeof command === 'string' ? `${line}; ${command}` : [line, ...command];
}

/** Has each command note its name and SUBNET in the file `runs` of the state directory whenever it is run. */
export function noteRuns(backend: Backend): void {
  for (const name of commandNames) {
    if (backend[name] !== undefined) prepend(backend, name, `echo "${name} $SUBNET" >>runs`);
  }
}

/** Has peers run one by one, however many there are at once. */
export function withoutBatches(backend: Backend): void {
  delete backend.SubnetBatchCommand;
}
