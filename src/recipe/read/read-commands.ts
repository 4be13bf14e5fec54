import type { Findings } from '../../diagnostic/findings.ts';
import type { SourceText, Span } from '../../diagnostic/source.ts';
import type { JsonMember, JsonNode } from '../json/json-tree.ts';
import type { LocatedNode, KeyReading } from './read-keys.ts';
import { commandNames, type Command, type CommandName } from '../recipe.ts';
import type { commandKeys } from '../keys.ts';
import { sourceSpan } from '../json/string-offsets.ts';

export type Commands = Readonly<Partial<Record<CommandName, Command>>>;

/**
 * Makes commands of what `Backend` holds under their keys. Each must have something to run. A command whose text has a
 * mistake that is reported already is read in its corrected form, so that the rest of it is checked too.
 */
export function readCommands(
  { values, given }: KeyReading<typeof commandKeys>,
  members: readonly JsonMember[],
  source: SourceText,
  findings: Findings,
): Commands {
  const commands: Partial<Record<CommandName, Command>> = {};
  for (const name of commandNames) {
    const located = values[name];
    if (located !== undefined) commands[name] = readCommand(name, located, source, findings);
    else {
      const member = members.find(({ key }) => key === name);
      const corrected = member && readCorrected(name, member.value);
      if (corrected !== undefined) commands[name] = corrected;
    }
  }
  checkFallback(values.SubnetBatchCommand, given, findings);
  return commands;
}

function readCommand(
  name: CommandName,
  { node, span }: LocatedNode<string | string[]>,
  source: SourceText,
  findings: Findings,
): Command {
  const lines = node.kind === 'array' ? node.items.flatMap(readLine) : readLine(node);
  if (lines.every(({ text }) => text.trim() === '')) {
    const hint = 'write a command, or remove the key';
    findings.error('empty-command', span, `\`Backend.${name}\` is empty`, hint);
  }
  for (const line of lines) {
    const at = line.text.indexOf('\0');
    if (at === -1) continue;
    const nul = sourceSpan(source.text, line.span, { offset: at, length: 1 });
    findings.error('nul-in-command', nul, `\`Backend.${name}\` contains a NUL character`, 'remove it');
  }
  return { name, form: node.kind === 'array' ? 'lines' : 'string', lines };
}

/** Reads a command with mistakes; undefined if not every part of it says what it would be without them. */
function readCorrected(name: CommandName, node: JsonNode): Command | undefined {
  const items = node.kind === 'array' ? node.items : [node];
  const lines: { text: string; span: Span }[] = [];
  for (const item of items) {
    const span = { offset: item.span.offset + 1, length: item.span.length - 2 };
    if (item.kind === 'unread' && item.text !== undefined) lines.push({ text: item.text, span });
    else if (node.kind === 'array' && item.kind === 'scalar') lines.push(...readItem(item));
    else return undefined;
  }
  return { name, form: node.kind === 'array' ? 'lines' : 'string', lines };
}

/** An item of another type as the line that it would be in quotation marks; null as none. */
function readItem(item: JsonNode): { text: string; span: Span }[] {
  if (item.kind !== 'scalar' || item.value === null) return [];
  return typeof item.value === 'string' ? readLine(item) : [{ text: String(item.value), span: item.span }];
}

/** A string as a line of a command; its span is its content, without the quotation marks. */
function readLine(node: JsonNode): { text: string; span: Span }[] {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return [];
  return [{ text: node.value, span: { offset: node.span.offset + 1, length: node.span.length - 2 } }];
}

/** The peers of a failed batch run one by one, so a batch needs the other commands as a fallback. */
function checkFallback(
  batch: LocatedNode<unknown> | undefined,
  given: ReadonlySet<string>,
  findings: Findings,
): void {
  if (batch === undefined) return;
  const missing = (['SubnetAddCommand', 'SubnetRemoveCommand'] as const).filter((name) => !given.has(name));
  if (missing.length === 0) return;
  const message = `\`SubnetBatchCommand\` also needs ${missing.map((name) => `\`${name}\``).join(' and ')}`;
  const hint = 'heddle runs peers one by one when a batch is not possible, or fails';
  findings.error('batch-without-single', batch.keySpan, message, hint);
}
