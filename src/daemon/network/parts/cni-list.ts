import { dirname, join } from 'node:path';
import { renderCniList } from '../../../cni/render.ts';
import type { CniTemplate } from '../../../cni/template.ts';
import type { EmitEvent } from '../../../event/event.ts';
import {
  describeForeign,
  installList,
  listMode,
  listName,
  lookAtList,
  recordList,
  removeList,
  type ListPlace,
} from '../../../host/cni/list-file.ts';
import { isSameFile } from '../../../host/files/same-file.ts';
import { explainError } from '../../../host/system-error.ts';
import type { SubnetEnvironment } from '../../../network/subnet-env.ts';
import type { Json } from '../../../recipe/json/json.ts';
import type { UpOptions } from '../../setup/options.ts';
import { describeLaterLists, raiseListConcern } from '../../watch/list-order.ts';
import { raisePodConcern } from '../../watch/pods.ts';
import {
  gone,
  repaired,
  stays,
  whole,
  type EnsureResult,
  type LiveNetwork,
  type NetworkPart,
  type RemovalResult,
} from './part.ts';
import { subnetEnvironmentOf } from './subnet-file.ts';

/** The list of plugins by which a container runtime connects pods to the network. */
export const cniListPart: NetworkPart = {
  name: 'cni-list',
  isFoundation: false,
  remember: (options) => ({ path: listPathOf(options) ?? null, stateDirectory: options.stateDirectory }),

  describe({ options }) {
    const { cniList } = options;
    if (cniList === undefined) return { settings: 'none' };
    const how = cniList.render ? 'rendered from' : 'as it is in';
    const others = describeLaterLists(cniList.directory);
    return {
      settings: `${join(cniList.directory, listName)}, ${how} ${cniList.templateFile}${others && `; ${others}`}`,
    };
  },

  async up(network) {
    const wanted = wantedList(network);
    if (wanted === undefined) return;
    await installList(wanted.place, wanted.text);
    await warnOfOtherFile(network);
    await lookAtPods(network);
    const others = describeLaterLists(dirname(wanted.place.path));
    if (others !== '') network.emit({ event: 'warning', message: others });
  },

  async ensure(network, _look, mayRepair) {
    const wanted = wantedList(network);
    if (wanted === undefined) return whole;
    const { place, text } = wanted;
    try {
      const because = await findTrouble(place, text);
      await lookAtPods(network);
      if (because === undefined) return whole;
      const trouble = { because, detail: '' };
      if (!mayRepair(trouble)) return { kind: 'broken', trouble };
      await installList(place, text);
      return repaired;
    } catch (error) {
      return { kind: 'broken', trouble: { because: explainError(error), detail: '' } } satisfies EnsureResult;
    }
  },

  async down({ stateDirectory, emit }, memory) {
    const path = pathIn(memory);
    return path === undefined ? gone : remove({ path, stateDirectory }, emit);
  },

  async forget(memory, _own, emit) {
    const [path, stateDirectory] = [pathIn(memory), textIn(memory, 'stateDirectory')];
    if (path !== undefined && stateDirectory !== undefined) await remove({ path, stateDirectory }, emit);
  },

  async leavePlace(memory, _own, options, emit) {
    const path = pathIn(memory);
    const now = listPathOf(options);
    if (path === undefined || (now !== undefined && (await isSameFile(path, now)))) return;
    await remove({ path, stateDirectory: options.stateDirectory }, emit);
  },
};

/** Reports that flannel's plugin reads another subnet file than this node's. In a container, both paths may name one file. */
async function warnOfOtherFile({ options, preparation, emit }: LiveNetwork): Promise<void> {
  if (options.cniList?.render !== false) return;
  const { subnetFile } = options;
  for (const entry of preparation.cniTemplate?.entries ?? []) {
    if (entry.kind !== 'flannel' || (await isSameFile(entry.subnetFile, subnetFile))) continue;
    const message =
      `flannel's plugin reads the subnet file ${entry.subnetFile}, and heddle writes ${subnetFile}; ` +
      "unless both are one file, set `subnetFile` in the template's flannel entry";
    emit({ event: 'warning', message });
  }
}

/** Raises the concerns about pods that do not have what the list says. */
async function lookAtPods(network: LiveNetwork): Promise<void> {
  const { commands, concerns, options, own, preparation } = network;
  if (options.cniList === undefined || preparation.cniTemplate === undefined) return;
  raiseListConcern(options.cniList.directory, concerns);
  await raisePodConcern(preparation.cniTemplate, subnetEnvironmentOf(commands.facts, own, options), concerns);
}

interface WantedList {
  readonly place: ListPlace;
  readonly text: string;
}

/** The list that this node should have; undefined if heddle does not install one. */
function wantedList({
  commands,
  options,
  own,
  preparation,
  stateDirectory,
}: LiveNetwork): WantedList | undefined {
  const path = listPathOf(options);
  const { cniTemplate } = preparation;
  if (path === undefined || cniTemplate === undefined) return undefined;
  const node = subnetEnvironmentOf(commands.facts, own, options);
  return { place: { path, stateDirectory }, text: composeList(cniTemplate, node, options) };
}

/** The text of the list for a node: rendered, or the template as it is. */
export function composeList(
  template: CniTemplate,
  node: SubnetEnvironment,
  { cniList, stateDirectory }: Pick<UpOptions, 'cniList' | 'stateDirectory'>,
): string {
  return cniList?.render ? renderCniList(template, node, stateDirectory) : template.source.text;
}

/** The reason why the list has to be written, as a clause; undefined if it is in order. Throws for a list that is not ours. */
async function findTrouble(place: ListPlace, text: string): Promise<string | undefined> {
  const { path } = place;
  const sight = lookAtList(place, [text]);
  switch (sight.kind) {
    case 'absent':
      return `${path} is missing`;
    case 'foreign':
      throw new Error(describeForeign(path, sight.because));
    case 'ours':
      if (sight.text !== text)
        return sight.isKnown
          ? `${path} has the subnet or the MTU from before a change`
          : `${path} was changed by somebody else`;
      if (sight.mode !== listMode) return `${path} has the mode ${sight.mode.toString(8)}`;
      if (!sight.isRecorded) await recordList(place, text);
      return undefined;
  }
}

/** Removes the list if it is ours. A list that stays is reported, and the rest of the network still goes down. */
async function remove(place: ListPlace, emit: EmitEvent): Promise<RemovalResult> {
  const { path } = place;
  try {
    const because = await removeList(place);
    if (because !== undefined) emit({ event: 'warning', message: `the CNI list ${path} stays: ${because}` });
    return gone;
  } catch (error) {
    return stays(`the CNI list ${path}`, error, emit);
  }
}

/** The path of the CNI list that the options ask for; undefined for none. */
export function listPathOf({ cniList }: Pick<UpOptions, 'cniList'>): string | undefined {
  return cniList && join(cniList.directory, listName);
}

/** The path of the CNI list of a network, from the data of its parts. */
export function cniListOf(memories: Readonly<Record<string, Json>>): string | undefined {
  return pathIn(memories[cniListPart.name]);
}

function pathIn(memory: Json | undefined): string | undefined {
  return textIn(memory, 'path');
}

function textIn(memory: Json | undefined, key: string): string | undefined {
  const value = (memory as Readonly<Record<string, unknown>> | null | undefined)?.[key];
  return typeof value === 'string' ? value : undefined;
}
