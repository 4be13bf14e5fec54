import type { Findings } from '../diagnostic/findings.ts';
import { matchGoName } from '../recipe/flannel/go-names.ts';
import type { JsonNode, ObjectNode } from '../recipe/json/json-tree.ts';

/** The value of a member, whose key Go reads in any case. Reports a second member with the same name. Undefined if there is none. */
export function memberNamed(node: ObjectNode, name: string, findings: Findings): JsonNode | undefined {
  const [first, second] = node.members.filter(({ key }) => matchGoName(key, [name]) !== undefined);
  if (second !== undefined) {
    const message = `\`${name}\` is there twice, because capital letters do not count`;
    findings.error('duplicate-key', second.keySpan, message, 'remove one of the two');
  }
  return first?.value;
}
