import { parseTree } from 'jsonc-parser';
import type { Findings } from '../../diagnostic/findings.ts';
import type { SourceText, Span } from '../../diagnostic/source.ts';
import { buildTree, convertTree, type RepeatedKeys } from './build-tree.ts';
import { describeKind, type JsonNode, type ObjectNode } from './json-tree.ts';
import { deepestNesting } from './reading.ts';
import { readWithFewestFaults } from './recover.ts';

interface Treatment {
  readonly repeatedKeys?: RepeatedKeys;
  /** `kept`: an object is returned even if its end, or one of its keys, could not be read. */
  readonly openEnd?: 'refused' | 'kept';
}

/**
 * Reads a document that must be one JSON object. Reports every mistake in its syntax, and then goes on with the tree that
 * results if each hint is followed. A part that stays uncertain is an unread node. Returns undefined if it is not an object.
 */
export function parseJsonObject(
  source: SourceText,
  findings: Findings,
  { repeatedKeys = 'refused', openEnd = 'refused' }: Treatment = {},
): ObjectNode | undefined {
  const root = parseStrictJson(source, findings, repeatedKeys);
  if (root === undefined || root.kind === 'unread') return undefined;
  if (root.kind === 'object') return root.isOpen === true && openEnd === 'refused' ? undefined : root;
  findings.error('wrong-type', root.span, `the document must be an object, not ${describeKind(root)}`);
  return undefined;
}

/**
 * Reads strict JSON (RFC 8259), as flannel does, and reports every mistake in its syntax. Returns undefined if there
 * is not even a wrong tree.
 */
function parseStrictJson(
  source: SourceText,
  findings: Findings,
  repeatedKeys: RepeatedKeys,
): JsonNode | undefined {
  const { text } = source;
  if (text.trim() === '') {
    findings.error('json-syntax', { offset: 0, length: 0 }, 'the document is empty');
    return undefined;
  }
  const tooDeep = findDeepNesting(text);
  if (tooDeep !== undefined) {
    findings.error('json-syntax', tooDeep, `the document is nested more than ${deepestNesting} deep`);
    return undefined;
  }
  const tree = isStrict(text) ? parseTree(text) : undefined;
  if (tree !== undefined) return convertTree(tree, repeatedKeys, findings);
  return buildTree(readWithFewestFaults(text), text.trimEnd().length, repeatedKeys, findings);
}

function isStrict(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function findDeepNesting(text: string): Span | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (depth > deepestNesting) return { offset: index, length: 1 };
  }
  return undefined;
}
