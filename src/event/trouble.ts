import { showInvisibleInLines } from '../diagnostic/visible-text.ts';
import type { CommandName } from '../recipe/recipe.ts';
import { indent } from '../diagnostic/words.ts';

/** Why a recipe was refused, ready to be shown: `findings` is text of several lines, or empty. */
export interface RenderedRefusal {
  readonly because: string;
  readonly findings: string;
}

/** How a command of the recipe went wrong, ready to be shown. */
export interface CommandTrouble {
  readonly command: CommandName;
  /** `exited with status 2`, `was ended by SIGKILL`, `did not end within 30 s`. */
  readonly how: string;
  /** Where in the recipe the failing line stands. */
  readonly where: { readonly file: string; readonly line: number } | undefined;
  /** The failing line itself. */
  readonly text: string | undefined;
  /** Capped; trailing blank removed. */
  readonly stderr: string;
}

/** `SubnetAddCommand (vxlan.json:27) exited with status 2`. */
export function describeTrouble(trouble: CommandTrouble): string {
  return `${describePlace(trouble)} ${trouble.how}`;
}

/** `SubnetAddCommand (vxlan.json:27)`. */
export function describePlace({ command, where }: Pick<CommandTrouble, 'command' | 'where'>): string {
  return where === undefined ? command : `${command} (${where.file}:${where.line})`;
}

/** The failing line and what it printed, indented, to stand below {@link describeTrouble}. */
export function troubleDetail(trouble: CommandTrouble): string {
  const lines = [];
  if (trouble.text !== undefined) lines.push(`$ ${trouble.text.trim()}`);
  if (trouble.stderr !== '') lines.push(trouble.stderr);
  return indent(showInvisibleInLines(lines.join('\n')));
}
