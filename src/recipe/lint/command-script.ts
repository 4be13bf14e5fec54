import type { Span } from '../../diagnostic/source.ts';
import { commandText, placeInRecipe } from '../command-text.ts';
import type { RecipeOutline } from '../outline.ts';
import type { Command } from '../recipe.ts';
import { readScript, type Call, type ScriptReading } from '../sh/read-script.ts';
import { literalOf } from '../sh/words.ts';

/** A command of a recipe, read. */
export interface CommandScript extends ScriptReading {
  readonly command: Command;
  readonly text: string;
  /** The place in the recipe of a stretch of the text. */
  readonly placeOf: (stretch: Span) => Span;
}

/** Reads every command of a recipe. One whose syntax is wrong is left out: nothing certain can be said of it. */
export function readCommandScripts({
  source,
  commands,
}: Pick<RecipeOutline, 'source' | 'commands'>): readonly CommandScript[] {
  return Object.values(commands).flatMap((command) => {
    const text = commandText(command);
    const reading = readScript(text);
    const placeOf = (stretch: Span) => placeInRecipe(source, command, stretch);
    return reading.fault === undefined ? [{ ...reading, command, text, placeOf }] : [];
  });
}

/**
 * Whether a script handles the failure of a call, or checks something before the call. This looks at the place of the
 * call, and at the calls of the function around it.
 */
export function isGuarded({ calls }: ScriptReading, call: Call): boolean {
  const visited = new Set<string>();
  const check = ({ guarded, within }: Call): boolean => {
    if (guarded) return true;
    if (within === undefined || visited.has(within)) return false;
    visited.add(within);
    const callers = calls.filter(({ name }) => name === within);
    return callers.length === 0 || callers.some(check);
  };
  return check(call);
}

/** Whether a script runs text that is not in it, which may set and read anything. */
export function isOpaque({ calls }: ScriptReading): boolean {
  return calls.some(({ name }) => name === 'eval' || name === '.' || name === 'source');
}

/** The literal arguments of a call; an expanded one is undefined. */
export function literalArguments(call: Call): readonly (string | undefined)[] {
  return call.arguments.map(literalOf);
}
