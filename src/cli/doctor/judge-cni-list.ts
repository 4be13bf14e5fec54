import { accessSync, constants, statSync } from 'node:fs';
import { listPathOf } from '../../daemon/network/parts/cni-list.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import { findEarlierList } from '../../daemon/watch/list-order.ts';
import { fine, warning, type Judgement } from '../../doctor/finding.ts';
import { describeForeign, lookAtList } from '../../host/cni/list-file.ts';
import { explainError } from '../../host/system-error.ts';

/** Judges the directory of the CNI list and the lists there. A warning: the network comes up without the list. */
export function judgeCniList(options: Pick<UpOptions, 'cniList' | 'stateDirectory'>): Judgement {
  const { cniList, stateDirectory } = options;
  const path = listPathOf(options);
  if (cniList === undefined || path === undefined) return fine('no CNI list is wanted');
  const { directory } = cniList;
  try {
    if (!statSync(directory).isDirectory()) return unwritable(directory, 'it is not a directory');
    accessSync(directory, constants.W_OK | constants.X_OK);
    const sight = lookAtList({ path, stateDirectory }, []);
    if (sight.kind === 'foreign') return warning(describeForeign(path, sight.because), {});
  } catch (error) {
    return unwritable(directory, explainError(error));
  }
  const earlier = findEarlierList(directory);
  if (earlier !== undefined) return warning(earlier.because, { advice: earlier.hint });
  return fine(`the CNI list ${path} can be written, and is the first one`);
}

function unwritable(directory: string, why: string): Judgement {
  return warning(`the CNI list cannot be written into ${directory}: ${why}`, {
    advice: 'create the directory as the container runtime does, or give another one with --cni-conf-dir',
  });
}
