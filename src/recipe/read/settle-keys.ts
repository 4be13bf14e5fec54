import type { Findings } from '../../diagnostic/findings.ts';
import { isSlipOf, nearestName, suggestName } from '../../diagnostic/nearest.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import type { JsonMember, ObjectNode } from '../json/json-tree.ts';

/** The keys that an object may have. */
interface KnownKeys {
  readonly names: readonly string[];
  /** The name of the object in messages: `Backend`. Empty for the recipe itself. */
  readonly path: string;
  /** The name of the document in messages, for an empty path: `a recipe` unless given. */
  readonly document?: string;
  /** The hint for a key that belongs elsewhere; undefined for any other key. */
  readonly belongsElsewhere?: (key: string) => string | undefined;
  /** The hint for a key that does not resemble a known key; undefined lists the known keys. */
  readonly adviseOn?: (key: string) => string | undefined;
  /** Whether a key that no known one is like may yet be right, because the text that would tell could not be read. */
  readonly isDoubtful?: (key: string) => boolean;
}

/** An object whose keys are all known. */
export interface SettledObject {
  readonly object: ObjectNode;
  /** The members of unknown keys that were not meant for a known one. */
  readonly strangers: readonly JsonMember[];
}

/**
 * Reports the keys of an object that nothing knows, and returns the object as it was meant. A misspelt key stands under
 * its right name, so that neither the absence of that name is reported as well, nor its value left unchecked; the value
 * is passed on as unread if the spelling leaves a doubt.
 */
export function settleKeys(object: ObjectNode, known: KnownKeys, findings: Findings): SettledObject {
  const names = new Set(known.names);
  const taken = new Set(object.members.map(({ key }) => key).filter((key) => names.has(key)));
  const members: JsonMember[] = [];
  const strangers: JsonMember[] = [];
  for (const member of object.members) {
    const { key, keySpan, value } = member;
    if (names.has(key)) {
      members.push(member);
      continue;
    }
    const elsewhere = known.belongsElsewhere?.(key);
    const meant = elsewhere === undefined ? nearestName(key, names) : undefined;
    const isDoubtful = elsewhere === undefined && meant === undefined && known.isDoubtful?.(key);
    const isMisplaced = object.isDoubtful === true && (meant === undefined || !isSlipOf(key, meant));
    if (!isDoubtful && !isMisplaced) reportUnknownKey(member, known, elsewhere, findings);
    if (meant === undefined) strangers.push(member);
    else if (!taken.has(meant)) {
      taken.add(meant);
      // Behind the end of a document that ends too early, the right name may stand as well.
      const isSure = isSlipOf(key, meant) && object.isOpen !== true;
      members.push({ key: meant, keySpan, value: isSure ? value : { kind: 'unread', span: value.span } });
    }
  }
  return { object: { ...object, members }, strangers };
}

function reportUnknownKey(
  { key, keySpan }: JsonMember,
  { names, path, document = 'a recipe', adviseOn }: KnownKeys,
  elsewhere: string | undefined,
  findings: Findings,
): void {
  const where = path === '' ? document : `\`${path}\``;
  const hint = elsewhere ?? suggestName(key, names) ?? adviseOn?.(key) ?? `its keys are ${names.join(', ')}`;
  findings.error('unknown-key', keySpan, `${where} does not have a key ${quoteText(key)}`, hint);
}
