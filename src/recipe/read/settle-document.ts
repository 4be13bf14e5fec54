import type { Findings } from '../../diagnostic/findings.ts';
import { isSlipOf, nearestName } from '../../diagnostic/nearest.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import { networkKeys } from '../../network/configuration-keys.ts';
import { openingBrace, type JsonMember, type JsonNode, type ObjectNode } from '../json/json-tree.ts';
import { backendKeys, recipeKeys } from '../keys.ts';
import { settleKeys, type SettledObject } from './settle-keys.ts';
import { namePattern } from './variable-name.ts';

/** A recipe's document with its keys settled: see {@link settleDocument}. */
interface SettledDocument {
  readonly root: ObjectNode;
  /** Keys of `Backend` that look like values of parameters which the recipe does not declare. */
  readonly undeclared: readonly JsonMember[];
}

/**
 * Reports the unknown keys of a recipe and of its `Backend`, and returns the document as the author probably meant it:
 * misspelt keys have their right names, and the keys of `Backend` and flannel's own keys are at their right place.
 */
export function settleDocument(document: ObjectNode, findings: Findings): SettledDocument {
  const known = { names: Object.keys(recipeKeys), path: '', belongsElsewhere: suggestBackend };
  const { object: settled, strangers } = settleKeys(leaveOutOpen(document), known, findings);
  const object = fillOpenEnd(settled, known.names);
  const backend = findBackend(object, strangers);
  if (backend?.value.kind !== 'object') return { root: object, undeclared: [] };
  const inner = settleBackend(adopt(backend.value, strangers, backendKeys), findings);
  const members = object.members.filter(({ key }) => key !== 'Backend');
  const outer = { ...object, members: [...members, { ...backend, value: inner.object }] };
  return {
    root: adopt(outer, inner.strangers, networkKeys),
    undeclared: inner.strangers.filter(({ key }) => !Object.hasOwn(networkKeys, key)),
  };
}

/**
 * Puts an unread value for each object that lacks its end or the name of a key, because it may have any other key. Keeps the
 * document itself and `Backend`.
 */
function leaveOutOpen(document: ObjectNode): ObjectNode {
  const members = document.members.map((member): JsonMember =>
    member.key === 'Backend' && member.value.kind === 'object'
      ? { ...member, value: { ...member.value, members: member.value.members.map(withoutOpen) } }
      : withoutOpen(member),
  );
  return { ...document, members };
}

function withoutOpen(member: JsonMember): JsonMember {
  const { value } = member;
  if (value.kind !== 'object') return member;
  if (value.isOpen === true) return { ...member, value: { kind: 'unread', span: value.span } };
  return { ...member, value: { ...value, members: value.members.map(withoutOpen) } };
}

/** A recipe whose keys of `Backend` all stand outside of it has one, too. */
function findBackend(root: ObjectNode, strangers: readonly JsonMember[]): JsonMember | undefined {
  const backend = root.members.find(({ key }) => key === 'Backend');
  if (backend !== undefined || !strangers.some(({ key }) => Object.hasOwn(backendKeys, key))) return backend;
  const span = openingBrace(root);
  return { key: 'Backend', keySpan: span, value: { kind: 'object', span, members: [] } };
}

/** Adds members from elsewhere that an object should have and has not. */
function adopt(object: ObjectNode, strangers: readonly JsonMember[], table: object): ObjectNode {
  const own = new Set(object.members.map(({ key }) => key));
  const adopted = strangers.filter(({ key }) => Object.hasOwn(table, key) && !own.has(key));
  return { ...object, members: [...object.members, ...adopted] };
}

function settleBackend(backend: ObjectNode, findings: Findings): SettledObject {
  const parameters = findParameters(backend);
  const declared = parameters?.kind === 'object' ? parameters.members.map(({ key }) => key) : [];
  const known = {
    names: [...Object.keys(backendKeys), ...declared],
    path: 'Backend',
    belongsElsewhere: suggestTopLevel,
    adviseOn: suggestDeclaration,
    // What is wrong with the declarations is reported; the values are right, for all that can be told.
    isDoubtful: (key: string) =>
      namePattern.test(key) &&
      (parameters === undefined ? backend.isOpen === true : parameters.kind !== 'object'),
  };
  const { object, strangers } = settleKeys(backend, known, findings);
  return { object: fillOpenEnd(object, known.names), strangers };
}

/**
 * An object whose end is missing may have any key behind it: each of these names that it lacks stands in it as a value that could not
 * be read. An object whose end is there is returned as it is.
 */
function fillOpenEnd(object: ObjectNode, names: readonly string[]): ObjectNode {
  if (object.isOpen !== true) return object;
  const { span } = object;
  const end = { offset: span.offset + span.length, length: 0 };
  const own = new Set(object.members.map(({ key }) => key));
  const missing = names.filter((name) => !own.has(name));
  const unread = missing.map((key): JsonMember => ({
    key,
    keySpan: end,
    value: { kind: 'unread', span: end },
  }));
  return { ...object, members: [...object.members, ...unread] };
}

/** The declarations of parameters, even if their key is misspelt. */
function findParameters(backend: ObjectNode): JsonNode | undefined {
  const names = Object.keys(backendKeys);
  const exact = backend.members.find(({ key }) => key === 'Parameters');
  const meant = exact ?? backend.members.find(({ key }) => nearestName(key, names) === 'Parameters');
  if (meant === undefined) return undefined;
  if (isSlipOf(meant.key, 'Parameters')) return meant.value;
  return { kind: 'unread', span: meant.value.span };
}

function suggestBackend(key: string): string | undefined {
  return Object.hasOwn(backendKeys, key) ? `\`${key}\` belongs in \`Backend\`` : undefined;
}

function suggestTopLevel(key: string): string | undefined {
  return Object.hasOwn(networkKeys, key)
    ? `\`${key}\` belongs at the top level, not in \`Backend\``
    : undefined;
}

function suggestDeclaration(key: string): string | undefined {
  if (!namePattern.test(key)) return undefined;
  return `declare ${quoteText(key)} in \`Parameters\` if the commands use it, or remove it`;
}
