import type { Findings } from '../../diagnostic/findings.ts';
import type { CommandScript } from './command-script.ts';

const killers: ReadonlySet<string> = new Set(['pkill', 'killall', 'killall5']);

/** Reports what acts on processes in a way that surprises: those of other networks, or those that nobody waits for. */
export function checkProcesses(scripts: readonly CommandScript[], findings: Findings): void {
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
    if (calls(script, 'wait') || isEndedElsewhere(script, scripts)) continue;
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

/** Whether a script notes the process ids of its parts in the background, and another command of the recipe ends processes by their ids. */
function isEndedElsewhere(script: CommandScript, scripts: readonly CommandScript[]): boolean {
  return script.text.includes('$!') && scripts.some((other) => other !== script && calls(other, 'kill'));
}
