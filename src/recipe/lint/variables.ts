import type { Findings } from '../../diagnostic/findings.ts';
import { nearestName } from '../../diagnostic/nearest.ts';
import {
  contractVariables,
  dataVariables,
  isAboutPeer,
  isDataVariable,
  variablesUnsetIn,
} from '../contract-variables.ts';
import type { RecipeOutline } from '../outline.ts';
import type { CommandName } from '../recipe.ts';
import { isSystemVariable } from '../reserved-variables.ts';
import type { Use } from '../sh/read-script.ts';
import { isOpaque, readBrokenScripts, type CommandScript } from './command-script.ts';

/** Reports variables that are empty where they are used; each once a command, at its first use. */
export function checkVariables(
  outline: RecipeOutline,
  scripts: readonly CommandScript[],
  findings: Findings,
): void {
  for (const script of [...scripts, ...readBrokenScripts(outline)]) {
    if (isOpaque(script)) continue;
    const reported = new Set<string>();
    for (const use of findUnsettled(outline, script)) {
      if (reported.has(use.name) || mayBeSet(script, use.name)) continue;
      reported.add(use.name);
      reportVariable(outline, script, scripts, use, findings);
    }
  }
}

/** Whether the part of a script that could not be read may set a variable: its name stands there, and not as an expansion. */
function mayBeSet({ fault, text }: CommandScript, name: string): boolean {
  if (fault === undefined) return false;
  return new RegExp(`(?<![\\w$]|\\$\\{)${name}(?!\\w)|\\beval\\b|\\bsource\\b`).test(text);
}

/** The uses of variables that the script relies on and that nothing is known to set. */
function findUnsettled(outline: RecipeOutline, { command, uses, settings }: CommandScript): readonly Use[] {
  const unset = variablesUnsetIn(command.name);
  const settled = new Set([
    ...contractVariables.filter((name) => !unset.includes(name)),
    ...outline.parameters.items.map(({ variable }) => variable),
    ...outline.environment,
    ...(isAboutPeer(command.name) ? dataVariables(outline.fields.items) : []),
    ...settings.map(({ name }) => name),
    // A script that asks whether a variable is there knows that it may not be.
    ...uses.filter(({ hasFallback, tested }) => hasFallback || tested).map(({ name }) => name),
  ]);
  return uses.filter(({ name }) => !settled.has(name) && !isSystemVariable(name));
}

function reportVariable(
  outline: RecipeOutline,
  script: CommandScript,
  scripts: readonly CommandScript[],
  { name, span }: Use,
  findings: Findings,
): void {
  const at = script.placeOf(span);
  const command = script.command.name;
  if (variablesUnsetIn(command).includes(name)) {
    const [why, hint] = explainUnset(command, name);
    findings.error('unset-variable', at, `\`$${name}\` is empty in ${command}, ${why}`, hint);
  } else if (isDataVariable(name)) reportData(outline, command, name, at, findings);
  else {
    const explanation = explainUnknown(outline, script, scripts, name);
    // It may be one of the parameters that could not be read.
    if (explanation === undefined && !outline.parameters.isComplete) return;
    const hint =
      explanation ??
      `set it, declare a parameter, list it in \`Environment\` if the daemon has it, or write \`\${${name}:-}\` if it may be empty`;
    findings.warning('unknown-variable', at, `\`$${name}\` is not known, so it is probably empty`, hint);
  }
}

function explainUnset(command: CommandName, name: string): readonly [why: string, hint: string] {
  if (name.startsWith('ON_LINK_')) {
    return ['which does not handle one peer', 'only SubnetAddCommand and SubnetRemoveCommand get it'];
  }
  if (command !== 'SubnetBatchCommand') {
    return [
      'which runs before this node has a subnet',
      'use it in PostStartupCommand, which runs when the node has its subnet',
    ];
  }
  const hint = `read the peer’s value from standard input; this node’s own value is in \`$LOCAL_${name}\``;
  return ['which handles many peers', hint];
}

function reportData(
  { fields }: RecipeOutline,
  command: string,
  name: string,
  at: Parameters<Findings['error']>[1],
  findings: Findings,
): void {
  const known = dataVariables(fields.items);
  if (known.includes(name)) {
    const message = `\`$${name}\` is empty in ${command}, which does not handle a peer`;
    const hint =
      'only SubnetAddCommand and SubnetRemoveCommand get a peer’s data in variables; a batch and a check read it from standard input';
    findings.error('unset-variable', at, message, hint);
    return;
  }
  const nearest = nearestName(name, known);
  // It may be one of the fields that could not be read.
  if (nearest === undefined && !fields.isComplete) return;
  const hint =
    nearest === undefined
      ? 'declare the field in `BackendData.Fields`, with `Format` set to `json`'
      : `did you mean \`$${nearest}\`?`;
  findings.error('unset-variable', at, `\`BackendData\` does not declare a field for \`$${name}\``, hint);
}

/** Why nothing sets a variable, where that can be told. */
function explainUnknown(
  { parameters }: RecipeOutline,
  script: CommandScript,
  scripts: readonly CommandScript[],
  name: string,
): string | undefined {
  const other = scripts.find((each) => each.settings.some((setting) => setting.name === name));
  if (other !== undefined) {
    return `${other.command.name} sets it, but each command runs in its own shell: set it here too, or declare a parameter`;
  }
  const known = [
    ...contractVariables,
    ...parameters.items.map(({ variable }) => variable),
    ...script.settings.map((setting) => setting.name),
  ];
  const nearest = nearestName(name, known);
  return nearest === undefined ? undefined : `did you mean \`$${nearest}\`?`;
}
