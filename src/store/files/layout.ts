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
}

export function layOutFiles(directory: string): FileLayout {
  const root = resolve(directory);
  return {
    root,
    config: join(root, 'config'),
    subnets: join(root, 'subnets'),
    lock: join(root, '.lock'),
    draft: join(root, '.draft'),
  };
}
