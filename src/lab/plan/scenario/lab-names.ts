import type { Findings } from '../../../diagnostic/findings.ts';
import { suggestName } from '../../../diagnostic/nearest.ts';
import type { Span } from '../../../diagnostic/source.ts';
import { listFew } from '../../../diagnostic/words.ts';
import { quoteText } from '../../../diagnostic/visible-text.ts';
import { labRouter, type TopologyModel } from '../underlay/model.ts';
import type { PodPair } from './scenario.ts';
import { findPlaceholders, placeholderNames } from './placeholders.ts';

/** The facts about a kind of store that decide about steps. */
export interface StoreFacts {
  /** The name of the host of the store's server; undefined if it does not have one. */
  readonly serverName: string | undefined;
  /** Whether leases can be written by hand. Those of a cluster are its Nodes. */
  readonly takesLeases: boolean;
}

/** The names of a lab that a scenario may use. Reports the others, each at its place. */
export class LabNames {
  readonly nodes: readonly string[];
  readonly #hosts: readonly string[];
  readonly #places: readonly string[];
  readonly #links: readonly string[];
  readonly #canGrow: boolean;
  readonly #findings: Findings;

  /** @param canGrow whether the scenario itself decides about the number of nodes */
  constructor(
    { nodes, routers }: Pick<TopologyModel, 'nodes' | 'routers'>,
    canGrow: boolean,
    store: StoreFacts,
    findings: Findings,
  ) {
    this.nodes = nodes.map(({ name }) => name);
    this.#hosts = [...this.nodes, ...(store.serverName === undefined ? [] : [store.serverName])];
    const pods = this.nodes.map((node) => `${node}-pod`);
    const others = routers.filter(({ name }) => name !== labRouter);
    const names = others.map(({ name }) => name);
    this.#places = [...this.#hosts, ...pods, ...names, labRouter];
    const linked = [...nodes, ...others];
    const serverLinks = store.serverName === undefined ? [] : [`${store.serverName}:eth0`];
    const links = linked.flatMap(({ name, links }) => links.map((_, index) => `${name}:eth${index}`));
    this.#links = [...links, ...serverLinks, ...this.#hosts, ...names];
    this.#canGrow = canGrow;
    this.#findings = findings;
  }

  /** Checks the name of a node. */
  node(name: string, span: Span): string | undefined {
    return this.#choose(name, span, this.nodes, 'node');
  }

  /** Checks the name of a node, or of the store's server. */
  host(name: string, span: Span): string | undefined {
    return this.#choose(name, span, this.#hosts, 'host');
  }

  /** Checks the name of a host, a pod, a router, or the underlay. */
  place(name: string, span: Span): string | undefined {
    return this.#choose(name, span, this.#places, 'place');
  }

  /** Checks the name of a link, or of a host with links. */
  link(name: string, span: Span): string | undefined {
    return this.#choose(name, span, this.#links, 'link');
  }

  /** Checks a pair of two nodes. */
  pair(
    [from, to]: readonly [string, string],
    [fromSpan, toSpan]: readonly [Span, Span],
  ): PodPair | undefined {
    const names = [this.node(from, fromSpan), this.node(to, toSpan)];
    if (names.includes(undefined)) return undefined;
    if (from === to) {
      this.#findings.error('malformed-value', toSpan, 'a pair needs two nodes', 'name another node');
      return undefined;
    }
    return { from, to };
  }

  /** Checks the placeholders of a text. Returns the text if all of them are known. */
  text(text: string, span: Span): string | undefined {
    let isGood = true;
    for (const { node, name } of findPlaceholders(text)) {
      if (this.node(node, span) === undefined) isGood = false;
      if (placeholderNames.includes(name)) continue;
      isGood = false;
      const hint = suggestName(name, placeholderNames) ?? `use one of ${placeholderNames.join(', ')}`;
      this.#findings.error('unknown-choice', span, `a node does not have a value ${quoteText(name)}`, hint);
    }
    return isGood ? text : undefined;
  }

  #choose(name: string, span: Span, known: readonly string[], what: string): string | undefined {
    if (known.includes(name)) return name;
    this.#findings.error(
      'unknown-choice',
      span,
      `the lab does not have a ${what} ${quoteText(name)}`,
      this.#suggest(name, known),
    );
    return undefined;
  }

  #suggest(name: string, known: readonly string[]): string {
    const [, number] = /^node(\d+)(?:-pod|:eth0)?$/.exec(name) ?? [];
    if (this.#canGrow && number !== undefined && Number(number) > this.nodes.length)
      return `give the lab ${number} nodes: \`"Lab": { "Nodes": ${number} }\``;
    return suggestName(name, known) ?? `use one of ${listFew(known)}`;
  }
}
