import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Where the parts of a files store stand; `config` and `subnets/` mirror flannel's keys in etcd. */
export interface FileLayout {
  readonly root: string;
  /** flannel's network configuration. */
  readonly config: string;
  /** One file for each lease, named by its key. Nothing else is ever written there. */
  readonly subnets: string;
  /** Held with flock(2) by whoever changes anything. */
  readonly lock: string;
  /**
   * The file that is being written, until it is complete and renamed. Its writer holds the lock, so one name suffices.
   */
  readonly draft: string;
  /** A new draft for a writer without the lock. What a killed process leaves of it, a later start removes. */
  readonly newDraft: () => string;
}

/** Begins the names of drafts that are written without the lock. */
export const ownDraftPrefix = '.draft-';

export function layOutFiles(directory: string): FileLayout {
  const root = resolve(directory);
  return {
    root,
    config: join(root, 'config'),
    subnets: join(root, 'subnets'),
    lock: join(root, '.lock'),
    draft: join(root, '.draft'),
    newDraft: () => join(root, `${ownDraftPrefix}${randomUUID()}`),
  };
}
