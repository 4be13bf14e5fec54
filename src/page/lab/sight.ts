import { showInvisibleInLines } from '../../diagnostic/visible-text.ts';
import { readVersion } from '../../host/version.ts';
import { nameArgument } from '../../lab/plan/request.ts';
import { stateScript } from '../../lab/plan/kernel/read-state.ts';
import { askLinks, askStatus } from '../../lab/process/control-client.ts';
import type { FoundLab } from '../../lab/process/find.ts';
import { Namespaces, type LabStatus } from '../../lab/process/namespaces.ts';
import { listPlaces } from '../../lab/process/places.ts';
import { readLogs } from '../../lab/logs.ts';
import type { LabSpec, LinkStatus } from '../../lab/protocol.ts';
import { readLoggedEvent } from '../../lab/report/render-log.ts';
import { findFailures } from '../events/failed-commands.ts';
import { clip, toTimeline, type NodeEvents } from '../events/time-line.ts';
import type { LabPage, NodeKernel } from '../model.ts';
import { describeTopology, findStates, recipeTexts } from './describe-lab.ts';
import { sortKernel } from './kernel-parts.ts';

/** The state of a lab at one moment, without tests. */
export interface LabSight {
  readonly status: LabStatus;
  readonly links: readonly LinkStatus[];
  readonly events: readonly NodeEvents[];
}

/** Looks at the hosts, the links and the logs of a running lab. Throws a Failure if the lab has ended. */
export async function seeLab(lab: FoundLab): Promise<LabSight> {
  const [status, links] = await Promise.all([askStatus(lab), askLinks(lab, null, {})]);
  const nodes = new Set(status.nodes.map(({ name }) => name));
  const events = readLogs(lab)
    .filter(({ host }) => nodes.has(host))
    .map(({ host, text }) => ({
      node: host,
      events: text.split('\n').flatMap((line) => readLoggedEvent(line) ?? []),
    }));
  return { status, links, events };
}

/** Reads the kernels of all nodes. A node that cannot be entered has none. */
export async function seeKernels(lab: FoundLab, status: LabStatus): Promise<readonly NodeKernel[]> {
  const namespaces = new Namespaces(lab, status);
  const places = listPlaces(status);
  const kernels = await Promise.all(
    status.nodes.map(async (node) => {
      const place = places.find(({ name }) => name === node.name);
      if (place === undefined) return [];
      const text = await namespaces.run(place, ['sh', '-c', stateScript]).catch(() => undefined);
      return text === undefined ? [] : [sortKernel(node, status.nodes, text)];
    }),
  );
  return kernels.flat();
}

/** The results of tests, in addition to what can be seen. */
type LabResults = Pick<
  LabPage,
  'verdict' | 'isGone' | 'pairs' | 'traces' | 'kernels' | 'troubles' | 'reasons' | 'steps'
>;

/** Makes the document of a lab. Without a sight, only the plan and the results are known. */
export function describeLab(spec: LabSpec, sight: LabSight | undefined, results: LabResults): LabPage {
  const { status, links = [], events = [] } = sight ?? {};
  return {
    page: 'lab',
    title: `Lab ${spec.name}, recipe ${spec.recipe.name}`,
    version: readVersion(),
    madeAt: new Date().toISOString(),
    recipe: spec.recipe.name,
    nameOption: nameArgument(spec.name),
    topology: describeTopology(spec.topology),
    listing: {
      nodes: status?.nodes ?? [],
      server: status?.server ?? null,
      routers: status?.routers ?? [],
    },
    states: findStates(events),
    links,
    timeline: toTimeline(events, status?.faults ?? []),
    failures: findFailures(events, recipeTexts(spec)),
    ...results,
    troubles: results.troubles.map(({ detail, ...trouble }) => ({
      ...trouble,
      ...(detail !== undefined && { detail: clip(showInvisibleInLines(detail), 4000) }),
    })),
  };
}
