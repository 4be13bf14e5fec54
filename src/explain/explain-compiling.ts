import { Failure } from '../diagnostic/failure.ts';
import { positionAt } from '../diagnostic/source.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { explainEvents } from './explain-recipe.ts';

/** Whether a peer's command runs without a shell, or why it does not. */
export type CommandCompiling = {
  readonly command: 'SubnetAddCommand' | 'SubnetRemoveCommand';
} & (
  | { readonly kind: 'compiles' }
  /** `line` is the line of the recipe, from 1. */
  | { readonly kind: 'shell'; readonly line: number; readonly because: string }
);

const request = {
  event: undefined,
  subnet: undefined,
  publicIp: undefined,
  data: [],
  iface: undefined,
  parameters: [],
  stateDirectory: '/var/lib/heddle',
};

/**
 * Finds out whether the commands for a peer compile, for an example of a peer and the parameters' defaults. Empty for a recipe that needs a
 * value without a default.
 */
export function explainCompiling(recipe: Recipe): readonly CommandCompiling[] {
  try {
    const { runs } = explainEvents(recipe, request);
    return runs.flatMap(({ command, calls }): CommandCompiling[] => {
      if (command !== 'SubnetAddCommand' && command !== 'SubnetRemoveCommand') return [];
      const { lines = [] } = recipe.commands[command] ?? {};
      const lineOf = (number: number) => {
        const { span } = lines[number - 1] ?? lines[0] ?? { span: { offset: 0 } };
        return positionAt(recipe.source.text, span.offset).line;
      };
      const inPlace = reasonForShell(recipe);
      if (inPlace !== undefined) return [{ command, kind: 'shell', line: lineOf(1), because: inPlace }];
      if (calls?.kind !== 'shell') return [{ command, kind: 'compiles' }];
      return [{ command, kind: 'shell', line: lineOf(calls.line), because: calls.because }];
    });
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

function reasonForShell({ commands, concurrency }: Recipe): string | undefined {
  if (commands.SubnetBatchCommand !== undefined) return 'SubnetBatchCommand runs for many peers';
  return concurrency === 1 ? 'with a `Concurrency` of 1, one peer comes after the other' : undefined;
}
