import type { NetworkConfiguration } from '../network/configuration.ts';
import { mapFamilies, presentValues, type PerFamily } from '../network/per-family.ts';
import type { BackendDataFormat } from '../recipe/recipe.ts';
import { checkBackendData } from '../lease/check-peer.ts';
import type { Json } from '../lease/lease.ts';

type OwnData =
  | { readonly kind: 'data'; readonly data: PerFamily<Json> }
  | { readonly kind: 'invalid'; readonly because: string };

/**
 * Reads this node's backend data from the output of PreStartupCommand, by the same rules that every peer applies to it. Text is trimmed, as
 * flannel does; json is one object on each line, IPv4's first.
 */
export function readOwnData(
  stdout: string,
  format: BackendDataFormat,
  network: NetworkConfiguration,
): OwnData {
  const text = stdout.trim();
  const data = format.format === 'text' ? readText(text, network) : readObjects(text, network);
  if (data.kind === 'invalid') return data;
  const because = checkBackendData(data.data, format, network);
  return because === undefined ? data : { kind: 'invalid', because };
}

/** Reads text, which is printed once and published for the network's first family. */
function readText(text: string, network: NetworkConfiguration): OwnData {
  return { kind: 'data', data: spread(text === '' ? [] : [text], network) };
}

function readObjects(text: string, network: NetworkConfiguration): OwnData {
  const objects: Json[] = [];
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    try {
      objects.push(JSON.parse(line) as Json);
    } catch {
      return { kind: 'invalid', because: `the line ${JSON.stringify(line.slice(0, 80))} is not JSON` };
    }
  }
  const expected = presentValues(network).length;
  if (objects.length !== 0 && objects.length !== expected) {
    return {
      kind: 'invalid',
      because: `the number of its lines is ${objects.length}, not ${expected}, one for each address family of the network`,
    };
  }
  return { kind: 'data', data: spread(objects, network) };
}

/** Gives one value to each family of the network, in order, as long as there are values. */
function spread(values: readonly Json[], network: NetworkConfiguration): PerFamily<Json> {
  const left = values.values();
  return mapFamilies(network, () => left.next().value);
}
