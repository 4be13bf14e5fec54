import type { StoredNetworkPlace } from '../store.ts';
import type { Cluster } from './cluster/cluster.ts';
import { layOutKeys, type KeyLayout } from './layout.ts';
import { defaultPrefix } from './options.ts';

/** A key that exists if the prefix is wrong in a common way. */
interface Suspect {
  readonly key: string;
  /** The mistake, as a clause for the case that the key exists. */
  readonly cause: string;
}

/** The mistakes that operators make with a prefix, each with the key that shows it. */
export function suspectKeys({ prefix, config }: KeyLayout): readonly Suspect[] {
  const exists = (key: string, cure: string): Suspect => ({
    key,
    cause: `the key ${key} exists: ${cure}`,
  });
  const giving = (other: string): string => `give --etcd-prefix ${other}`;
  const suspects: Suspect[] = [];
  if (prefix.startsWith('/'))
    suspects.push(exists(config.slice(1), `${giving(prefix.slice(1))}, without its slash`));
  else suspects.push(exists(`/${config}`, `${giving(`/${prefix}`)}, with its slash`));
  if (prefix.endsWith('/config')) {
    suspects.push(
      exists(prefix, `${giving(prefix.slice(0, -'/config'.length))}, because heddle itself appends /config`),
    );
  }
  if (prefix !== defaultPrefix)
    suspects.push(exists(layOutKeys(defaultPrefix).config, `${giving(defaultPrefix)}, or omit the option`));
  return suspects.filter(({ key }, index) => suspects.findIndex((other) => other.key === key) === index);
}

/**
 * Finds the key that is read, and the likely reason why it is missing. A key that cannot be read gives no reason.
 *
 * @param writer the command that writes the configuration
 * @param hasV2Key whether the v2 API of the cluster, which is another store, holds a key
 */
export async function locateNetworkKey(
  cluster: Cluster,
  layout: KeyLayout,
  writer: string,
  hasV2Key: (key: string) => Promise<boolean>,
): Promise<StoredNetworkPlace> {
  const place = `the key ${layout.config} in the v3 API of etcd`;
  for (const { key, cause } of suspectKeys(layout)) {
    if (await hasKey(cluster, key)) return { place, cause };
  }
  const cause = (await hasV2Key(layout.config))
    ? `the v2 API of this etcd holds ${layout.config}, but heddle and flannel read the v3 API: write the value there with ${writer}, or with ETCDCTL_API=3 etcdctl put`
    : undefined;
  return { place, cause };
}

/** Whether a key exists and can be read. A user may lack the permission to read it. */
async function hasKey(cluster: Cluster, key: string): Promise<boolean> {
  try {
    const { count } = await cluster.request(`look for ${key}`, (client) =>
      client.kv.range({ key: Buffer.from(key), count_only: true }),
    );
    return Number(count) > 0;
  } catch {
    return false;
  }
}
