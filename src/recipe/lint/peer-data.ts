import type { Findings } from '../../diagnostic/findings.ts';
import { dataVariables, hasInput, isDataVariable, readsPeerLines } from '../contract-variables.ts';
import type { RecipeOutline } from '../outline.ts';
import type { Call, ScriptReading } from '../sh/read-script.ts';
import type { Word } from '../sh/syntax-tree.ts';
import { literalArguments, type CommandScript } from './command-script.ts';
import { findUnquotedData, followData, holdsData, standardInput } from './data-flow.ts';

/** The columns of a peer's line that come before the backend data: all checked, and blank-free. */
const checkedColumns = 5;

/** Calls whose unquoted arguments are meant to be split, or that some shells do not split. */
const splitters: ReadonlySet<string> = new Set([
  'set',
  'export',
  'readonly',
  'local',
  'declare',
  'typeset',
  'eval',
]);
const shells: ReadonlySet<string> = new Set(['sh', 'dash', 'bash', 'ash', 'ksh', 'zsh']);

/** Reports backend data of other nodes that is split into words, or run as text. */
export function checkPeerData(
  outline: RecipeOutline,
  scripts: readonly CommandScript[],
  findings: Findings,
): void {
  for (const script of scripts) {
    if (!hasInput(script.command.name)) continue;
    const data = followData(script.settings, [
      standardInput,
      ...fieldVariables(outline, script),
      ...readVariables(script),
    ]);
    for (const call of script.calls) {
      reportUnquoted(script, call, data, findings);
      for (const word of evaluatedWords(call)) reportEvaluated(script, word, data, findings);
    }
  }
}

/** Where fields could not be read, every variable that looks like one counts. */
function fieldVariables({ fields }: RecipeOutline, { uses }: CommandScript): readonly string[] {
  if (fields.isComplete) return dataVariables(fields.items);
  return uses.map(({ name }) => name).filter(isDataVariable);
}

/** Variables that `read` fills from standard input; of a line of peers, those that can be backend data. */
function readVariables({ command, settings }: CommandScript): string[] {
  return settings.flatMap(({ name, column, readsScriptInput }) => {
    if (column === undefined || !readsScriptInput) return [];
    const isLast = column.index === column.count - 1;
    return !readsPeerLines(command.name) || column.index >= checkedColumns || isLast ? [name] : [];
  });
}

function reportUnquoted(
  script: CommandScript,
  call: Call,
  data: ReadonlySet<string>,
  findings: Findings,
): void {
  if (call.name !== undefined && splitters.has(call.name)) return;
  for (const word of call.arguments) {
    const part = findUnquotedData(word, data);
    if (part === undefined) continue;
    const span = part.kind === 'parameter' ? part.span : word.span;
    const text = script.text.slice(span.offset, span.offset + span.length);
    const message = `\`${text}\` contains another node’s backend data without quotes: it may become several words, or none`;
    findings.warning('unquoted-data', script.placeOf(span), message, `write \`\\"${text}\\"\``);
  }
}

/** The words of a call that a shell reads as commands. */
function evaluatedWords(call: Call): readonly Word[] {
  if (call.name === 'eval') return call.arguments;
  if (call.name === undefined || !shells.has(call.name)) return [];
  const option = literalArguments(call).findIndex((word) => /^-[a-z]*c$/.test(word ?? ''));
  return option === -1 ? [] : call.arguments.slice(option + 1, option + 2);
}

function reportEvaluated(
  script: CommandScript,
  word: Word,
  data: ReadonlySet<string>,
  findings: Findings,
): void {
  const at = script.placeOf(word.span);
  if (holdsData(word, data)) {
    const message =
      'this runs another node’s backend data as shell text: only the pattern limits what it can do';
    findings.error(
      'evaluated-data',
      at,
      message,
      'use the variable itself, in double quotes, without eval or sh -c',
    );
  } else if (holdsData(word, peerAddresses(script))) {
    const message = 'this runs a peer’s address as shell text';
    findings.warning(
      'evaluated-data',
      at,
      message,
      'use the variable itself, in double quotes, without eval or sh -c',
    );
  }
}

function peerAddresses({ settings }: ScriptReading): ReadonlySet<string> {
  return followData(settings, [
    'SUBNET',
    'PUBLIC_IP',
    'IPV6SUBNET',
    'PUBLIC_IPV6',
    'SUBNET_IP',
    'IPV6SUBNET_IP',
  ]);
}
