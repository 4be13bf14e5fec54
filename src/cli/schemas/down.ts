import * as z from 'zod/mini';
import { exitCodes, type FailureKind } from '../../diagnostic/failure.ts';
import type { DownResult } from '../../daemon/bring-down.ts';
import { naturalNumber, described, schemaOf } from './schema-of.ts';

/** The output of `heddle down --json`. */
export const downSchema = schemaOf<DownResult>()(
  z.strictObject({
    daemon: described(
      z.enum(['running', 'dead', 'none']),
      '`running`: the daemon took its network down; `dead`: this command did, from the journal; `none`: there was no network.',
    ),
    removed: described(naturalNumber, 'Peers that were removed.'),
    failed: described(
      z.array(z.string()),
      'The lease keys of the peers that could not be removed. Run `heddle down` again to retry.',
    ),
    left: described(
      z.array(
        z.strictObject({
          because: described(z.string(), 'The object, and why it stays.'),
          failure: described(
            // The table has no other keys; TypeScript does not say so of Object.keys.
            z.enum(Object.keys(exitCodes) as FailureKind[]),
            'The kind of failure, from the table of exit codes in docs/operations.md.',
          ),
        }),
      ),
      'The files, routes and traffic rules that could not be removed. Run `heddle down` again to retry.',
    ),
    shutdown: described(
      z.enum(['done', 'failed', 'skipped']),
      'How ShutdownCommand ended; `done` if the recipe has none. `skipped` if nothing was there to shut down, or the network was only forgotten.',
    ),
    leaseReleased: described(z.boolean(), 'Whether the store confirmed that the lease is gone.'),
    leaseTrouble: described(
      z.nullable(z.string()),
      'Why the lease that was to be released may still be held. Run `heddle down --release-lease` again to retry.',
    ),
  }),
);
