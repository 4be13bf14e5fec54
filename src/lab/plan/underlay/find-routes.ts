/** A router between segments. */
export interface RoutingHost {
  readonly name: string;
  readonly segments: readonly string[];
  /** The segment from which nothing gets in, except what the router forwards; undefined without NAT. */
  readonly outside: string | undefined;
}

/** The way to a segment: the router, and the own segment on which it is. */
interface NextHop {
  readonly router: string;
  readonly on: string;
}

/**
 * Finds the first router on the shortest way from a host to each segment that it is not on. Of ways of the same length, the one by the
 * router that comes first. A segment behind NAT does not have a way from outside.
 */
export function findNextHops(
  host: { readonly name: string; readonly segments: readonly string[] },
  routers: readonly RoutingHost[],
): ReadonlyMap<string, NextHop> {
  const hops = new Map<string, NextHop>();
  const seen = new Set(host.segments);
  let edge: readonly string[] = host.segments;
  while (edge.length > 0) {
    const next: string[] = [];
    for (const from of edge) {
      for (const router of routers) {
        if (router.name === host.name || !router.segments.includes(from)) continue;
        for (const to of router.segments) {
          if (seen.has(to) || from === router.outside) continue;
          seen.add(to);
          next.push(to);
          hops.set(to, hops.get(from) ?? { router: router.name, on: from });
        }
      }
    }
    edge = next;
  }
  return hops;
}

/** The segments that routers join with these, in whatever direction. */
export function joinedSegments(
  segments: readonly string[],
  routers: readonly Pick<RoutingHost, 'segments'>[],
): ReadonlySet<string> {
  const joined = new Set(segments);
  let size = 0;
  while (size < joined.size) {
    size = joined.size;
    for (const router of routers)
      if (router.segments.some((each) => joined.has(each)))
        for (const each of router.segments) joined.add(each);
  }
  return joined;
}
