import type { Command } from 'commander';
import type { UpOptions } from '../../daemon/setup/options.ts';
import { storeKinds } from '../../store/kinds.ts';
import { refuseBadPatterns } from '../arguments/patterns.ts';
import { chooseStore, isStoreChosen } from '../arguments/store-options.ts';
import { dropEmptyOptions, listGiven, type GivenFlanneldOption } from '../flanneld/given-options.ts';
import { flanneldOptions } from '../flanneld/options.ts';
import { readUpOptions, refuseContradictions, type UpFlags } from './up-flags.ts';

/** The command line of a command that has the options of `heddle up`. */
interface UpCommandLine {
  readonly options: UpOptions;
  /** Sentences about the command line. */
  readonly warnings: readonly string[];
  /** The option or variable of flanneld that the kind of store follows from; undefined if the operator chose one. */
  readonly impliedBy: string | undefined;
}

/** Reads the options of `heddle up`, once commander has read them. Throws a {@link Failure} of kind `usage`. */
export async function readCommandLine(self: Command): Promise<UpCommandLine> {
  const dropped = dropEmptyOptions(self);
  // Without the lease the next owner of the subnet would have the routes of this node: the network goes with the lease.
  if (self.getOptionValue('releaseLease') === true && self.getOptionValueSource('onExit') === 'default')
    self.setOptionValueWithSource('onExit', 'shutdown', 'default');
  const flags = self.opts<UpFlags>();
  await refuseBadPatterns(self);
  refuseContradictions(flags);
  const given = listGiven(self);
  const fallback = isStoreChosen(self) ? undefined : given[0];
  const store = await chooseStore(self, storeKinds, fallback && 'etcd', 'passed-over');
  const warnings = [
    ...dropped.map((name) => `${name} is empty and has no effect, as in flanneld`),
    ...(await reviewForFlanneld(given, store.kind)),
  ];
  if (fallback !== undefined) warnings.push(describeFallback(fallback));
  return { options: readUpOptions(flags, store), warnings, impliedBy: fallback?.origin };
}

/** The warnings about what was given for flanneld. */
async function reviewForFlanneld(
  given: readonly GivenFlanneldOption[],
  store: string,
): Promise<readonly string[]> {
  const isForFlanneld = Object.keys(process.env).some((name) => name.startsWith('FLANNELD_'));
  if (given.length === 0 && !isForFlanneld) return [];
  const { reviewFlanneldOptions, reviewFlanneldVariables } = await import('../flanneld/review-options.ts');
  return [...reviewFlanneldOptions(given, store), ...reviewFlanneldVariables(process.env)];
}

/** An operator who gives an option of flanneld's means its store, too. A forgotten option must not make a network of one node. */
function describeFallback({ origin }: GivenFlanneldOption): string {
  const endpoints = flanneldOptions.find(({ name }) => name === 'etcd-endpoints')?.default ?? '';
  return (
    `${origin} is given and the store is not, so the leases are in etcd at ${endpoints}, as for flanneld; ` +
    'to use another store, give --etcd-endpoints, --kube-subnet-mgr or --store-dir'
  );
}
