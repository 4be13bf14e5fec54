import type { Findings } from '../../diagnostic/findings.ts';
import { describeKind, type JsonMember, type ObjectNode } from '../json/json-tree.ts';
import { backendDataKeys } from '../keys.ts';
import type { PartialList } from '../outline.ts';
import { readKeys, type KeyReading } from './read-keys.ts';
import { readPattern } from './read-pattern.ts';
import { settleKeys } from './settle-keys.ts';
import type { BackendDataFormat } from '../recipe.ts';
import { namePattern, variableName } from './variable-name.ts';
import { VariableNames } from './variable-names.ts';

const path = 'Backend.BackendData';

type DataFields = Extract<BackendDataFormat, { format: 'json' }>['fields'];

/** A recipe's declaration of backend data. */
interface BackendDataReading {
  readonly format: BackendDataFormat;
  /** The variables of all fields that it names, even those that were refused. */
  readonly fields: PartialList<string>;
}

/** Reads `Backend.BackendData`: text of the default pattern, if there is none. */
export function readBackendData(member: JsonMember | undefined, findings: Findings): BackendDataReading {
  const isAbsent = member === undefined;
  if (member?.value.kind !== 'object') {
    return { format: { format: 'text', pattern: undefined }, fields: { items: [], isComplete: isAbsent } };
  }
  const object = settleKeys(member.value, { names: Object.keys(backendDataKeys), path }, findings).object;
  const read = readKeys(object, backendDataKeys, path, findings);
  return { format: readFormat(object, read, findings), fields: listFields(read) };
}

function readFormat(object: ObjectNode, read: BackendDataRead, findings: Findings): BackendDataFormat {
  // A misspelt format is reported already; what else is there tells which one was meant.
  const format = read.values.Format?.value ?? (read.given.has('Format') ? guessFormat(read) : 'text');
  if (format === 'text') return readTextFormat(read, findings);
  return readJsonFormat(object, read, findings);
}

function listFields({ values, given }: BackendDataRead): PartialList<string> {
  if (values.Fields !== undefined) {
    const names = values.Fields.value.members.map(({ key }) => key);
    const usable = names.filter((name) => namePattern.test(name));
    return { items: usable.map(variableName), isComplete: usable.length === names.length };
  }
  const isText = given.has('Format') ? values.Format?.value === 'text' : true;
  return { items: [], isComplete: isText && !given.has('Fields') };
}

type BackendDataRead = KeyReading<typeof backendDataKeys>;

function guessFormat({ given }: BackendDataRead): 'text' | 'json' {
  return given.has('Fields') ? 'json' : 'text';
}

function readTextFormat({ values }: BackendDataRead, findings: Findings): BackendDataFormat {
  if (values.Fields !== undefined) {
    const hint = 'set `Format` to `json`, or use `Pattern`';
    findings.error('unused-key', values.Fields.keySpan, '`Fields` needs `Format` `json`', hint);
  }
  return { format: 'text', pattern: readPattern(values.Pattern, `${path}.Pattern`, findings) };
}

function readJsonFormat(
  object: ObjectNode,
  { values, given }: BackendDataRead,
  findings: Findings,
): BackendDataFormat {
  if (values.Pattern !== undefined) {
    const hint = 'give each of the `Fields` its own pattern';
    findings.error('unused-key', values.Pattern.keySpan, '`Pattern` needs `Format` `text`', hint);
  }
  if (!given.has('Fields')) {
    const at = values.Format?.span ?? object.span;
    const hint = 'declare the fields that commands use, each with its pattern';
    findings.error('missing-key', at, '`Backend.BackendData.Fields` is missing', hint);
  }
  if (values.Fields?.value.members.length === 0) {
    findings.error('out-of-bounds', values.Fields.span, '`Backend.BackendData.Fields` is empty');
  }
  return { format: 'json', fields: readFields(values.Fields?.value.members ?? [], findings) };
}

function readFields(members: readonly JsonMember[], findings: Findings): DataFields {
  const names = new VariableNames('field', findings);
  return members.flatMap((member) => {
    const { key: name, value: node } = member;
    const variable = names.claim(member);
    if (node.kind === 'unread') return [];
    if (node.kind !== 'scalar' || typeof node.value !== 'string') {
      const message = `\`${path}.Fields.${name}\` must be a pattern, as a string, not ${describeKind(node)}`;
      findings.error('wrong-type', node.span, message);
      return [];
    }
    const given = { value: node.value, span: node.span };
    const pattern = readPattern(given, `${path}.Fields.${name}`, findings);
    return variable === undefined || pattern === undefined ? [] : [{ name, variable, pattern }];
  });
}
