import { join } from 'node:path';
import type { Concern } from '../../event/concern.ts';
import type { Concerns } from '../../event/concerns.ts';
import { listName } from '../../host/cni/list-file.ts';
import { listConfigurations } from '../../host/cni/other-lists.ts';

/** Raises the concern that the container runtime takes another list than heddle's, or ends it. */
export function raiseListConcern(directory: string, concerns: Concerns): void {
  const found = findEarlierList(directory);
  concerns.set('cni-order', found === undefined ? [] : [found]);
}

/** The list of the directory that the container runtime takes instead of heddle's; undefined if it takes heddle's. */
export function findEarlierList(directory: string): Omit<Concern, 'kind'> | undefined {
  const [first] = listConfigurations(directory);
  if (first === undefined || first >= listName) return undefined;
  const path = join(directory, first);
  return {
    about: path,
    because: `the container runtime takes ${path} and not ${listName}, because it takes the first one by name`,
    hint: `remove ${path}, or restart heddle without --cni-conf-dir if the pods are to use that list`,
  };
}

/** The lists that come after heddle's, as a sentence; empty if there are none. */
export function describeLaterLists(directory: string): string {
  const later = listConfigurations(directory).filter((name) => name > listName);
  if (later.length === 0) return '';
  return `the container runtime takes ${listName} and not ${later.join(', ')}, because it takes the first one by name`;
}
