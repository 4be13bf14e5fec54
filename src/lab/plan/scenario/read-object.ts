import type * as z from 'zod/mini';
import type { Findings } from '../../../diagnostic/findings.ts';
import { suggestName } from '../../../diagnostic/nearest.ts';
import { quoteText } from '../../../diagnostic/visible-text.ts';
import { openingBrace, type ObjectNode } from '../../../recipe/json/json-tree.ts';
import { readKeys, requireKeys, type KeyReading } from '../../../recipe/read/read-keys.ts';

/** Reads an object that has no other keys than those of a table. Reports unknown, missing and wrong ones, each at its place. */
export function readObject<T extends Readonly<Record<string, z.ZodMiniType>>>(
  object: ObjectNode,
  table: T,
  path: string,
  findings: Findings,
): KeyReading<T> {
  for (const { key, keySpan } of object.members) {
    if (Object.hasOwn(table, key)) continue;
    const where = path === '' ? 'a scenario' : `\`${path}\``;
    const known = Object.keys(table);
    findings.error(
      'unknown-key',
      keySpan,
      `${where} does not have a key ${quoteText(key)}`,
      suggestName(key, known) ?? `use one of ${known.filter((name) => name !== '$schema').join(', ')}`,
    );
  }
  const reading = readKeys(object, table, path, findings);
  if (object.isOpen !== true) requireKeys(reading.given, table, path, openingBrace(object), findings);
  return reading;
}
