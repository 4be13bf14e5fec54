import type { Findings } from '../../diagnostic/findings.ts';
import { hasInput, isAboutPeer } from '../contract-variables.ts';
import type { Call } from '../sh/read-script.ts';
import type { Recipe } from '../recipe.ts';
import {
  isGuarded,
  isOpaque,
  literalArguments,
  readCommandScripts,
  type CommandScript,
} from './command-script.ts';

const hint = 'only SubnetAdd, SubnetRemove, SubnetBatch and Check get standard input';

/** Reports `read` and `cat` in commands whose standard input is empty. */
export function checkInput(scripts: readonly CommandScript[], findings: Findings): void {
  for (const script of scripts) {
    const { name, form } = script.command;
    if (hasInput(name) || takesOtherInput(script)) continue;
    for (const call of script.calls.filter(readsInput)) {
      const fails = call.name === 'read' && form === 'lines' && !isGuarded(script, call);
      const message = `\`${call.name ?? ''}\` cannot read anything: the standard input of ${name} is empty`;
      const at = script.placeOf(call.nameSpan);
      if (fails) findings.error('no-input', at, message, hint);
      else findings.warning('no-input', at, message, hint);
    }
  }
}

/** Whether a command about one peer reads its standard input, as far as its text tells; true where that does not tell. */
export function readsPeerData(recipe: Pick<Recipe, 'source' | 'commands'>): boolean {
  const known = new Map(readCommandScripts(recipe).map((script) => [script.command, script]));
  return Object.values(recipe.commands)
    .filter(({ name }) => isAboutPeer(name))
    .some((command) => {
      const script = known.get(command);
      return script === undefined || isOpaque(script) || script.calls.some(mayReadInput);
    });
}

/** Programs that read standard input where they are given nothing else to read. */
const readers: ReadonlySet<string> = new Set([
  'awk',
  'base64',
  'cut',
  'grep',
  'head',
  'jq',
  'sed',
  'sort',
  'tail',
  'tee',
  'tr',
  'xargs',
]);

function mayReadInput(call: Call): boolean {
  const { name, readsScriptInput } = call;
  return readsInput(call) || (readsScriptInput && (name === undefined || readers.has(name)));
}

/** Whether a call surely reads the script's own standard input: `read`, or `cat` without a file. */
function readsInput(call: Call): boolean {
  if (!call.readsScriptInput) return false;
  const words = literalArguments(call);
  if (call.name === 'read') return !words.some((word) => word?.startsWith('-u') === true);
  return call.name === 'cat' && words.every((word) => word?.startsWith('-') === true);
}

/** After `exec <file`, what is read is that file. */
function takesOtherInput({ calls }: CommandScript): boolean {
  return calls.some(
    ({ name, node }) => name === 'exec' && node.redirections.some(({ operator }) => operator.startsWith('<')),
  );
}
