import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';

/** The paths of a files store; `config` and `subnets/` mirror flannel's keys in etcd. */
export interface FileLayout {
  readonly root: string;
  /** flannel's network configuration. */
  readonly config: string;
  /** The directory with one file for each lease, named by its key. No other file is ever written there. */
  readonly subnets: string;
  /** The file that a writer locks with flock(2). */
  readonly lock: string;
  /**
   * The file that is being written, until it is complete and renamed. Its writer holds the lock, so one name suffices.
   */
  readonly draft: string;
  /** Names a new draft for a writer without the lock. A later start removes the drafts of killed processes. */
  readonly newDraft: () => string;
}

/** The beginning of the names of drafts that are written without the lock. */
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
