import type { Findings } from '../../diagnostic/findings.ts';
import type { RecipeOutline } from '../outline.ts';
import { commandNames } from '../recipe.ts';
import type { CommandScript } from './command-script.ts';

const killers: ReadonlySet<string> = new Set(['pkill', 'killall', 'killall5']);

/** Reports what acts on processes in a way that surprises: those of other networks, or those that nobody waits for. */
export function checkProcesses(
  outline: RecipeOutline,
  scripts: readonly CommandScript[],
  findings: Findings,
): void {
  for (const script of scripts) {
    for (const { name, nameSpan } of script.calls) {
      if (name === undefined || !killers.has(name)) continue;
      findings.warning(
        'kills-by-name',
        script.placeOf(nameSpan),
        `\`${name}\` ends every process of that name on the machine, also those of other networks`,
        'write the process id to a file in the state directory, and use `kill "$(cat FILE)"`',
      );
    }
    // A command that waits for its parts sees how they end.
    if (calls(script, 'wait') || mayEndElsewhere(script, outline, scripts)) continue;
    for (const span of script.backgrounds) {
      findings.warning(
        'background-command',
        script.placeOf(span),
        'heddle does not see whether a command in the background fails, and does not end it',
        'leave out `&`; for a program that must run as long as the network, note its process id and end it in ShutdownCommand',
      );
    }
  }
}

function calls(script: CommandScript, program: string): boolean {
  return script.calls.some(({ name }) => name === program);
}

/**
 * Whether a script notes the process ids of its parts in the background, and another command of the recipe ends processes by their ids. A
 * command that could not be read may do so.
 */
function mayEndElsewhere(
  script: CommandScript,
  { commands, commandKeys }: RecipeOutline,
  scripts: readonly CommandScript[],
): boolean {
  if (!script.text.includes('$!')) return false;
  const hasUnread = commandNames.some(
    (name) => commandKeys[name] !== undefined && commands[name] === undefined,
  );
  return hasUnread || scripts.some((other) => other !== script && calls(other, 'kill'));
}
