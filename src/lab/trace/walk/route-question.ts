import type { Facts } from '../facts.ts';
import type { Suspicion } from '../report.ts';

/** The decision of the kernel for one destination. */
export interface KernelRoute {
  /** The route as `ip` prints it. */
  readonly text: string;
  readonly device: string | undefined;
  readonly gateway: string | undefined;
  readonly table: string;
  readonly source: string | undefined;
  readonly type: string;
}

/** The destination that the kernel is asked about. */
export interface RouteQuestion {
  readonly destination: string;
  readonly source: string | undefined;
  /** The device on which the packet arrived; undefined if it begins here. */
  readonly arrives: string | undefined;
}

/** The command that asks the kernel for its decision. */
export function routeCommand({ destination, source, arrives }: RouteQuestion): readonly string[] {
  return [
    ...['ip', 'route', 'get', destination],
    ...(source === undefined ? [] : ['from', source]),
    ...(arrives === undefined ? [] : ['iif', arrives]),
  ];
}

/** Explains the kernel's refusal to choose a route. */
export function explainNoRoute(
  place: string,
  question: RouteQuestion,
  because: string,
  reversePath: Facts['reversePath'],
): Omit<Suspicion, 'place'> {
  const { destination, source, arrives } = question;
  // The kernel answers so if the way back to the source is by another device: EXDEV, and EINVAL since Linux 6.14.
  if (/cross-device|invalid argument/i.test(because) && source !== undefined && arrives !== undefined) {
    const filters = ['all', arrives].filter((name) => (reversePath.get(name) ?? 0) > 0);
    if (filters.length > 0) {
      const settings = filters.map((name) => `net.ipv4.conf.${name.replaceAll('.', '/')}.rp_filter=0`);
      return {
        stops: true,
        entry: 'rp_filter',
        what: `the reverse path filter (rp_filter) of ${place} drops packets from ${source} that arrive on ${arrives}, because the route of ${place} to ${source} does not lead to ${arrives}`,
        shows: `ip route get ${source}`,
        repairs: `sysctl -w ${settings.join(' ')}`,
      };
    }
  }
  const from = source === undefined ? '' : ` from ${source}`;
  return {
    stops: true,
    entry: 'route',
    what: `${place} does not have a route for packets${from} to ${destination}: ${because}`,
    shows: routeCommand(question).join(' '),
    repairs: null,
  };
}
