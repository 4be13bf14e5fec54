import * as z from 'zod/mini';
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
    shutdown: described(
      z.enum(['done', 'failed', 'skipped']),
      'How ShutdownCommand ended; `skipped` if the network was only forgotten.',
    ),
    leaseReleased: described(z.boolean(), 'Whether the store confirmed that the lease is gone.'),
    leaseTrouble: described(
      z.nullable(z.string()),
      'Why the lease that was to be released may still be held. Run `heddle down --release-lease` again to retry.',
    ),
  }),
);
