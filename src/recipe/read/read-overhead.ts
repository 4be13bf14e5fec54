import type { Findings } from '../../diagnostic/findings.ts';
import { toJson, type JsonNode } from '../json/json-tree.ts';
import { overheadKeys } from '../keys.ts';
import type { Overhead } from '../recipe.ts';
import { readKeys, requireKeys } from './read-keys.ts';
import { settleKeys } from './settle-keys.ts';

const path = 'Backend.Overhead';

/** Reads `Backend.Overhead`: a number for both families, or an object with one for each. Undefined if it is refused. */
export function readOverhead(node: JsonNode, findings: Findings): Overhead | undefined {
  if (node.kind === 'object') {
    const { object } = settleKeys(node, { names: Object.keys(overheadKeys), path }, findings);
    const { values, given } = readKeys(object, overheadKeys, path, findings);
    requireKeys(given, overheadKeys, path, node.span, findings);
    if (values.IPv4 === undefined || values.IPv6 === undefined) return undefined;
    return { ipv4: values.IPv4.value, ipv6: values.IPv6.value };
  }
  const bytes = toJson(node);
  return typeof bytes === 'number' ? { ipv4: bytes, ipv6: bytes } : undefined;
}
