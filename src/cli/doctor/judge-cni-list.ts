import { listPathOf } from '../../daemon/network/parts/cni-list.ts';
import { loadCniTemplate } from '../../daemon/setup/cni-template.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import { findEarlierList } from '../../daemon/watch/list-order.ts';
import { fine, warning, type Judgement } from '../../doctor/finding.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { findListObstacle } from '../../host/cni/list-file.ts';

/** Judges the directory of the CNI list and the lists there. A warning: the network comes up without the list. */
export function judgeCniList(options: Pick<UpOptions, 'cniList' | 'stateDirectory'>): Judgement {
  const { cniList, stateDirectory } = options;
  const path = listPathOf(options);
  if (cniList === undefined || path === undefined) return fine('no CNI list is wanted');
  const { directory } = cniList;
  const obstacle = findListObstacle({ path, stateDirectory }, wantedTexts(cniList));
  if (obstacle !== undefined) return warning(obstacle.because, { advice: obstacle.cure });
  const earlier = findEarlierList(directory);
  if (earlier !== undefined) return warning(earlier.because, { advice: earlier.hint });
  return fine(`the CNI list ${path} can be written, and is the first one`);
}

/** The text of the list, if it is known before the node has a subnet. Empty for a template that is refused, which is judged elsewhere. */
function wantedTexts({ templateFile, render }: NonNullable<UpOptions['cniList']>): readonly string[] {
  if (render) return [];
  try {
    return [loadCniTemplate(templateFile).source.text];
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}
