import type { Command } from 'commander';
import { storeKinds } from '../../store/kinds.ts';
import { refuseBadPatterns } from '../arguments/patterns.ts';
import { chooseStore, isStoreChosen } from '../arguments/store-options.ts';
import { dropEmptyOptions, listGiven, type GivenFlanneldOption } from '../flanneld/given-options.ts';
import { flanneldOptions } from '../flanneld/options.ts';
import { findOptionsInForce, listOptionsInForce } from './options-in-force.ts';
import { readUpOptions, refuseContradictions, type UpFlags } from './up-flags.ts';
import { readVersion } from '../../host/version.ts';

/** Does what the command line of `heddle up` says, once commander has read it. Throws a {@link Failure} of kind `usage`. */
export async function startUp(self: Command): Promise<void> {
  const dropped = dropEmptyOptions(self);
  const flags = self.opts<UpFlags>();
  if (flags.version === true) {
    process.stdout.write(`${readVersion()}\n`);
    return;
  }
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
  const options = readUpOptions(flags, store);
  const { parameters } = options;
  const inForce = findOptionsInForce(self, { store, parameters, impliedBy: fallback?.origin });
  if (flags.printConfig) {
    const { printConfiguration } = await import('./print-config.ts');
    printConfiguration({ options: inForce, warnings }, flags.json ?? false);
    return;
  }
  if (flags.dryRun) {
    const { dryRun } = await import('./dry-run.ts');
    await dryRun(options, warnings, flags.json ?? false);
    return;
  }
  const { runUp } = await import('./run-up.ts');
  const optionsInForce = listOptionsInForce(inForce);
  const log = { format: flags.logFormat, level: flags.logLevel };
  await runUp(options, log, { optionsInForce, warnings });
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
