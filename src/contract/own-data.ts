import type { NetworkConfiguration } from '../network/configuration.ts';
import { presentValues } from '../network/per-family.ts';
import type { BackendDataFormat } from '../recipe/recipe.ts';
import { checkBackendData } from '../lease/check-peer.ts';
import type { Json } from '../lease/lease.ts';

type OwnData =
  | {
      readonly kind: 'data';
      readonly backendData: Json | undefined;
      readonly backendV6Data: Json | undefined;
    }
  | { readonly kind: 'invalid'; readonly because: string };

/**
 * Reads what PreStartupCommand printed as this node's backend data, holding it to the same rules that every peer will
 * hold it to. Text is trimmed, as flannel does; json is one object a line, IPv4's first.
 */
export function readOwnData(
  stdout: string,
  format: BackendDataFormat,
  network: NetworkConfiguration,
): OwnData {
  const text = stdout.trim();
  const data = format.format === 'text' ? readText(text, network) : readObjects(text, network);
  if (data.kind === 'invalid') return data;
  const because = checkBackendData(data, format, network);
  return because === undefined ? data : { kind: 'invalid', because };
}

function readText(text: string, network: NetworkConfiguration): OwnData {
  const data = text === '' ? undefined : text;
  return {
    kind: 'data',
    backendData: network.ipv4 && data,
    backendV6Data: network.ipv4 === undefined ? data : undefined,
  };
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
      because: `it printed ${objects.length} lines for ${expected} address families`,
    };
  }
  const v6 = network.ipv6 && objects[network.ipv4 === undefined ? 0 : 1];
  return { kind: 'data', backendData: network.ipv4 && objects[0], backendV6Data: v6 };
}
