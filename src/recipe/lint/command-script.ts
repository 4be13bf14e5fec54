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

/** The parts of a recipe that the readers use. */
type Commands = Pick<RecipeOutline, 'source' | 'commands'>;

/** Reads every command of a recipe. One whose syntax is wrong is left out: nothing certain can be said of all of it. */
export function readCommandScripts(recipe: Commands): readonly CommandScript[] {
  return readCommands(recipe, (_, reading) => (reading.fault === undefined ? reading : undefined));
}

/**
 * Reads the commands whose syntax is wrong, as far as that can be done: the whole text if only closing words are missing at its end,
 * or else the commands before the fault.
 */
export function readBrokenScripts(recipe: Commands): readonly CommandScript[] {
  return readCommands(recipe, (text, reading) => {
    const { fault } = reading;
    if (fault === undefined) return undefined;
    const whole = readScript(closeScript(text, fault));
    return whole.fault === undefined ? { ...whole, fault } : reading;
  });
}

/** Reads the commands that `choose` wants: it returns the reading to use, or undefined to leave the command out. */
function readCommands(
  { source, commands }: Commands,
  choose: (text: string, reading: ScriptReading) => ScriptReading | undefined,
): readonly CommandScript[] {
  return Object.values(commands).flatMap((command) => {
    const text = commandText(command);
    const reading = choose(text, readScript(text));
    const placeOf = (stretch: Span): Span => placeInRecipe(source, command, stretch);
    return reading === undefined ? [] : [{ ...reading, command, text, placeOf }];
  });
}

/** The ends of what a script may leave open, the likeliest first. */
const closings = ['\nfi', '\ndone', '\nesac', '\n}', '\n)', '\nthen :\nfi', '\ndo :\ndone', '"', "'"];

/** Adds the closing words that a script lacks at its end, from the innermost to the outermost, as far as they are known. */
function closeScript(text: string, fault: Span): string {
  for (const closing of closings) {
    const longer = text + closing;
    const next = readScript(longer).fault;
    if (next === undefined) return longer;
    // The fault of an open construct is its first word: the next one that is open stands before it.
    if (next.offset < fault.offset) return closeScript(longer, next);
  }
  return text;
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
