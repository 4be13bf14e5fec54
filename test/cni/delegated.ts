import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../src/cni/template.ts';

/** What flannel's CNI plugin v1.9.1-flannel1 hands over for a list and a subnet file, as test/recorders wrote it. */
interface DelegatedCase {
  readonly name: string;
  readonly template: string;
  readonly subnetFile: string;
  /** One for each entry of flannel's plugin in the list. */
  readonly outcomes: readonly ({ readonly delegated: JsonObject } | { readonly error: string })[];
}

export const delegatedCases = JSON.parse(
  readFileSync(new URL('delegated.json', import.meta.url), 'utf8'),
) as readonly DelegatedCase[];
