import { access, chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renderDetail } from '../../diagnostic/code-frame.ts';
import { quote } from 'shell-quote';
import { Failure } from '../../diagnostic/failure.ts';
import { isInsideExecutable } from '../../host/files/package-files.ts';
import { stackInSource } from '../../host/files/source-positions.ts';
import { underlayCommands } from '../plan/commands.ts';
import { unknownNode } from '../plan/request.ts';
import { readsCopy, sharedDirectory, type LabEvent, type LabSpec } from '../protocol.ts';
import type { HostedStore } from '../store/hosting.ts';
import { hostingOf } from '../store/hostings.ts';
import type { LabFailure, LabTrouble, NodeReport } from '../report/report.ts';
import { Changes } from './changes.ts';
import { writeNodeRecipe } from './node/node-recipe.ts';
import { FaultBook, type FaultTarget } from './faults.ts';
import type { NodePlan } from '../plan/topology.ts';
import { holdHost, type Holder } from './node/holder.ts';
import { LabLinks } from './links.ts';
import { LabNode } from './node/node.ts';
import { LabRouter } from './router.ts';
import { runIpBatch } from './lab-program.ts';

/** The number of failed adds after which a peer counts as impossible to add. */
const hopelessAttempts = 2;

/** A node whose daemon was not started yet. */
interface HeldNode {
  readonly plan: NodePlan;
  readonly holder: Holder;
  /** Starts the daemon, and adds the node to those of the lab. */
  start(): LabNode;
}

/** A lab with its namespaces and its started daemons. */
export class Lab {
  readonly spec: LabSpec;
  readonly #nodes: LabNode[] = [];
  readonly store: HostedStore;
  readonly changes: Changes;
  readonly routers: readonly LabRouter[];
  readonly links: LabLinks;
  /** The nodes whose daemons are started later. */
  readonly heldNodes: HeldNode[] = [];
  readonly faults = new FaultBook();
  readonly #startedAt = performance.now();
  #proceed: () => void = () => undefined;

  private constructor(
    spec: LabSpec,
    made: {
      readonly store: HostedStore;
      readonly changes: Changes;
      readonly routers: readonly LabRouter[];
      readonly links: LabLinks;
    },
  ) {
    this.spec = spec;
    this.store = made.store;
    this.changes = made.changes;
    this.routers = made.routers;
    this.links = made.links;
  }

  /** The nodes whose daemons were started. */
  get nodes(): readonly LabNode[] {
    return this.#nodes;
  }

  /** Makes the underlay, the nodes and the store, and starts a daemon in each node. Those that `later` chooses are started later. */
  static async build(
    spec: LabSpec,
    tell: (event: LabEvent) => void,
    later: (plan: NodePlan) => boolean = () => false,
  ): Promise<Lab> {
    const began = performance.now();
    await Promise.all([prepareFiles(spec), runIpBatch(undefined, underlayCommands(spec.topology))]);
    const changes = new Changes();
    const { topology, tls } = spec;
    const place = { host: topology.storeHost, tls };
    const links = new LabLinks(spec.name, topology);
    const [holders, store, routers] = await Promise.all([
      Promise.all(spec.topology.nodes.map(async (plan) => ({ plan, holder: await holdHost(plan) }))),
      hostingOf(spec.store.kind).start(place, spec, changes, (step) => tell({ event: 'store-step', step })),
      Promise.all(topology.routers.map((plan) => LabRouter.start(plan))),
    ]);
    await links.begin();
    tell({ event: 'built', afterMs: Math.round(performance.now() - began) });
    const startNode = (plan: NodePlan, holder: Holder): LabNode =>
      new LabNode(plan, holder, spec, changes, (what) =>
        tell({ event: 'node-waits', node: plan.name, what }),
      );
    const lab = new Lab(spec, { store, changes, routers, links });
    for (const { plan, holder } of holders) {
      const start = (): LabNode => {
        const node = startNode(plan, holder);
        lab.#nodes.push(node);
        return node;
      };
      if (later(plan)) lab.heldNodes.push({ plan, holder, start });
      else start();
    }
    return lab;
  }

  /** The time since the first daemon was started, in milliseconds. */
  get age(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  /** Waits until every daemon is ready and has its pod, or has failed to come up. Returns the troubles. */
  async becomeReady(tell: (event: LabEvent) => void): Promise<readonly LabTrouble[]> {
    const troubles = await Promise.all(
      this.nodes.map(async (node): Promise<LabTrouble[]> => {
        try {
          await node.becomeReady(this.spec.timeoutMs);
          tell({ event: 'node-ready', node: node.report(), afterMs: this.age });
          return [];
        } catch (error) {
          const trouble = describeTrouble(node.plan.name, error);
          tell({ event: 'node-failed', trouble });
          return [trouble];
        }
      }),
    );
    return troubles.flat();
  }

  /** Waits until every node knows every other, by default for the rest of the lab's time. Returns whether they do. */
  async becomeAcquainted(withinMs = Math.max(0, this.spec.timeoutMs - this.age)): Promise<boolean> {
    const pairs = this.nodes.flatMap((from) =>
      this.nodes.flatMap((to) => (from === to ? [] : [{ from, to }])),
    );
    const isAcquainted = (): boolean => pairs.every(({ from, to }) => from.knows(to));
    const isHopeless = (): boolean =>
      pairs.every(
        ({ from, to }) => from.knows(to) || (from.failureWith(to)?.attempt ?? 0) >= hopelessAttempts,
      ) || this.nodes.some(({ daemon }) => daemon.state.kind === 'ended');
    await this.changes.until(() => isAcquainted() || isHopeless(), withinMs);
    return isAcquainted();
  }

  /** Asks the daemons which commands run, so that the reasons of failures name them. */
  async askForWaits(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.askForWaits()));
  }

  /** Finds a node, or the server of the store, by name. Throws a {@link Failure} that names all of them. */
  target(name: string): FaultTarget {
    const { server } = this.store;
    const targets: readonly FaultTarget[] = server ? [...this.nodes, server] : this.nodes;
    const target = targets.find(({ plan }) => plan.name === name);
    if (target) return target;
    const known = targets.map(({ plan }) => plan.name);
    throw unknownNode(this.spec.name, name, known);
  }

  /** Reports the results of the tests, and waits until somebody has looked inside, if anybody wants to. */
  async showTested(
    tell: (event: LabEvent) => void,
    results: Omit<Extract<LabEvent, { event: 'tested' }>, 'event'>,
  ): Promise<void> {
    if (!this.spec.waitsForLook) return;
    const looked = new Promise<void>((resolve) => (this.#proceed = resolve));
    tell({ event: 'tested', ...results });
    await looked;
  }

  /** Call when somebody has looked inside. */
  proceed(): void {
    this.#proceed();
  }

  reports(): readonly NodeReport[] {
    return this.nodes.map((node) => node.report());
  }
}

/** Writes the recipe and a `heddle` program to the places where nodes find them. */
async function prepareFiles(spec: LabSpec): Promise<void> {
  await mkdir(`${sharedDirectory}/bin`, { recursive: true });
  const wrapper = `${sharedDirectory}/bin/heddle`;
  await writeFile(wrapper, `#!/bin/sh\nexec ${quote(spec.heddle)} "$@"\n`);
  await chmod(wrapper, 0o755);
  if (spec.flanneld !== undefined) await symlink(spec.flanneld.path, `${sharedDirectory}/bin/flanneld`);
  const { path, text } = spec.recipe;
  if (readsCopy(spec)) await writeNodeRecipe(path, text);
  const own = Object.values(spec.nodeSettings).flatMap(({ recipe }) => recipe ?? []);
  for (const recipe of [spec.recipe, ...own]) await makeVisible(recipe);
}

/** Writes a recipe to its own path, unless it is there: a recipe on the machine's /run is not visible here. */
async function makeVisible({ path, text }: LabSpec['recipe']): Promise<void> {
  // The executable is in the lab, too.
  if (isInsideExecutable(path)) return;
  await access(path).catch(async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  });
}

/** The part of an error that is reported outside the lab. A bug is shown with its stack. */
export function describeFailure(error: unknown): LabFailure {
  if (!(error instanceof Failure)) {
    const detail = error instanceof Error ? { detail: stackInSource(error) } : {};
    return { kind: 'internal', message: String(error), ...detail };
  }
  const { kind, message, hint } = error;
  const detail = renderDetail(error, { colour: false });
  return {
    kind,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(detail === '' ? {} : { detail }),
  };
}

/** An error as a node's trouble, the node named in its message. */
function describeTrouble(node: string, error: unknown): LabTrouble {
  const { message, ...rest } = describeFailure(error);
  return { node, message: message.includes(node) ? message : `${node}: ${message}`, ...rest };
}
