import type { SourceText } from '../diagnostic/source.ts';
import type { Json } from '../recipe/json/json.ts';

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, Json>>;

/** A copy of an object that lacks some keys. */
export function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** An entry of a CNI list with the type `flannel`, as flannel's plugin understands it. */
export interface FlannelEntry {
  readonly kind: 'flannel';
  /** The options of the plugin that does the work, such as bridge. */
  readonly delegate: JsonObject;
  /** The options for the addresses, without `routes`. */
  readonly ipam: JsonObject;
  /** The routes of the list's author, in the plugin's form. */
  readonly routes: readonly JsonObject[];
  /** The features that a container runtime configures for each pod; undefined for none. */
  readonly capabilities: Json | undefined;
  readonly runtimeConfig: JsonObject | undefined;
  /** The subnet file that flannel's plugin reads. */
  readonly subnetFile: string;
}

/** Any other entry of a CNI list. */
interface OtherEntry {
  readonly kind: 'other';
  readonly plugin: JsonObject;
}

/** An entry of a CNI list. */
export type ListEntry = FlannelEntry | OtherEntry;

/** A CNI list with an entry for flannel's plugin: the `cni-conf.json` of kube-flannel. It was checked. */
export interface CniTemplate {
  readonly source: SourceText;
  /** The whole document. */
  readonly list: JsonObject;
  /** The plugins in their order. */
  readonly entries: readonly ListEntry[];
}

/** The subnet file that flannel's plugin reads if its entry does not name one. */
export const pluginSubnetFile = '/run/flannel/subnet.env';

/** A bridge that pods of a list are attached to. */
interface PodBridge {
  readonly name: string;
  /** The MTU that the list's author wants for the pods, in bytes; undefined for that of the overlay. */
  readonly mtu: number | undefined;
  /** Whether the bridge has the address of the pods' gateway. */
  readonly isGateway: boolean;
}

/** The bridges that pods of a list are attached to. flannel's plugin uses the plugin bridge, whose own default is `cni0`. */
export function bridgesOf({ entries }: CniTemplate): readonly PodBridge[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'flannel') return [];
    const { type = 'bridge', bridge, mtu, isGateway, isDefaultGateway } = entry.delegate;
    if (type !== 'bridge') return [];
    const name = typeof bridge === 'string' && bridge !== '' ? bridge : 'cni0';
    return [
      {
        name,
        mtu: typeof mtu === 'number' && mtu > 0 ? mtu : undefined,
        isGateway: isGateway !== false || isDefaultGateway === true,
      },
    ];
  });
}
