import type { Findings } from '../../diagnostic/findings.ts';
import type { RecipeOutline } from '../outline.ts';
import { builtins } from '../shell-words.ts';
import type { CommandScript } from './command-script.ts';
import { followData, holdsData } from './data-flow.ts';

/** Reports secret parameters among the arguments of a program, which any user of the machine can list. */
export function checkSecrets(
  { parameters }: RecipeOutline,
  scripts: readonly CommandScript[],
  findings: Findings,
): void {
  const secrets = parameters.items.filter(({ isSecret }) => isSecret).map(({ variable }) => variable);
  for (const script of scripts) {
    const holding = followData(script.settings, secrets);
    for (const { name, arguments: words } of script.calls) {
      if (name !== undefined && (builtins.has(name) || script.functions.has(name))) continue;
      for (const word of words.filter((each) => holdsData(each, holding))) {
        const text = script.text.slice(word.span.offset, word.span.offset + word.span.length);
        const message = `\`${text}\` puts a secret on the command line of ${name ?? 'a program'}, where every user can see it`;
        const hint = 'pass it in a file that only heddle’s user can read: `printf %s "$NAME" >name.key`';
        findings.warning('secret-argument', script.placeOf(word.span), message, hint);
      }
    }
  }
}
