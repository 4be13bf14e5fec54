import { Component, h, type ComponentChildren, type JSX } from 'preact';
import type { LabPage, PagePair } from '../model.ts';
import { formatMs } from '../view/format.ts';
import { Drawn } from './drawing.ts';
import { Matrix } from './matrix.ts';
import { PageSection, DataTable } from './widgets.ts';
import { WalkDetails } from './walk.ts';

interface LabViewState {
  /** The node whose tunnels are drawn, if there are too many for all. */
  readonly node: string | undefined;
  /** The pair that somebody chose in the matrix. */
  readonly pair: string | undefined;
}

/** A lab: the drawing, its nodes, the matrix and the walks of packets. */
export class LabView extends Component<{ readonly page: LabPage }, LabViewState> {
  override state: LabViewState = { node: undefined, pair: undefined };

  override render({ page }: { readonly page: LabPage }, { node, pair }: LabViewState): ComponentChildren {
    const { traces, pairs } = page;
    const chosen = pairs.find((each) => nameOf(each) === pair);
    const ofPair = traces.find(
      ({ from, to }) => from.place === `${chosen?.from ?? ''}-pod` && to.place === `${chosen?.to ?? ''}-pod`,
    );
    const trace =
      ofPair ??
      (chosen === undefined
        ? (traces.find(({ outcome }) => outcome.kind === 'lost') ?? traces[0])
        : undefined);
    return [
      h(
        PageSection,
        { id: 'topology', title: 'Topology' },
        h(Drawn, { page, trace, node, onNode: (name: string) => this.setState({ node: name }) }),
      ),
      h(PageSection, { id: 'nodes', title: 'Nodes' }, nodesTable(page)),
      pairs.length === 0
        ? null
        : h(
            PageSection,
            { id: 'matrix', title: 'Who reaches whom' },
            h(Matrix, {
              pairs,
              names: page.topology.hosts.filter(({ kind }) => kind === 'node').map(({ name }) => name),
              chosen: pair,
              onPair: (each: PagePair) => this.setState({ pair: nameOf(each) }),
            }),
            chosen === undefined ? null : h('p', { role: 'status', class: 'chosen' }, describeChosen(chosen)),
          ),
      traces.length === 0
        ? null
        : h(
            PageSection,
            { id: 'walks', title: 'The way of a packet' },
            [...traces]
              .sort((one, other) => Number(other === trace) - Number(one === trace))
              .map((each) =>
                h(WalkDetails, {
                  key: `${each.from.place} ${each.to.place}`,
                  trace: each,
                  isOpen: each === trace,
                }),
              ),
          ),
      page.steps.length === 0
        ? null
        : h(PageSection, { id: 'steps', title: 'Steps of the scenario' }, stepsTable(page)),
    ];
  }
}

function nameOf({ from, to }: PagePair): string {
  return `${from} ${to}`;
}

function describeChosen({ from, to, ok, rttMs, mtuPasses, reason }: PagePair): string {
  const time = rttMs === null ? 'no answer' : `an answer after ${formatMs(rttMs)}`;
  const mtu = mtuPasses === null ? '' : `; a packet of the published MTU ${mtuPasses ? 'passes' : 'is lost'}`;
  return `${from} → ${to}: ${ok ? 'works' : 'fails'}, ${time}${mtu}${reason === null ? '' : `: ${reason}`}`;
}

/** The same columns as `lab ps`, and the state of each daemon. */
function nodesTable({ listing, states }: LabPage): JSX.Element {
  const both = (...values: readonly (string | null | undefined)[]): string =>
    values.filter((value) => value !== null && value !== undefined).join(' ') || '–';
  const stateOf = (name: string): string => {
    const state = states.find(({ node }) => node === name);
    if (state === undefined) return '–';
    return state.because === null ? state.state : `${state.state}: ${state.because}`;
  };
  const { nodes, server, routers } = listing;
  return h(DataTable, {
    caption: 'The hosts of the lab',
    head: ['host', 'daemon', 'state', 'pid', 'link', 'public IP', 'subnet', 'pod', 'MTU'],
    class: 'hosts',
    rows: [
      ...nodes.map((node) => [
        node.program === undefined ? node.name : `${node.name} (${node.program})`,
        node.ended === null ? node.daemon : `${node.daemon}: ${node.ended}`,
        node.ended === null ? stateOf(node.name) : '–',
        node.pid ?? '–',
        h('span', { class: node.link }, node.link),
        both(node.publicIp, node.publicIpv6),
        both(node.subnet, node.ipv6Subnet),
        both(node.pod, node.ipv6Pod),
        node.mtu ?? '–',
      ]),
      ...(server === null
        ? []
        : [
            [
              server.name,
              server.ended === null ? server.daemon : `${server.daemon}: ${server.ended}`,
              '–',
              server.pid ?? '–',
              h('span', { class: server.link }, server.link),
              server.publicIp,
              '–',
              '–',
              '–',
            ],
          ]),
      ...routers.map(({ name, addresses }) => [
        name,
        'router',
        '–',
        '–',
        '–',
        addresses.join(' '),
        '–',
        '–',
        '–',
      ]),
    ],
  });
}

function stepsTable({ steps }: LabPage): JSX.Element {
  return h(DataTable, {
    caption: 'The steps',
    head: ['step', 'what', 'result', 'took'],
    rows: steps.map(({ number, text, outcome, note, tookMs }) => [
      String(number),
      text,
      h(
        'span',
        { class: outcome === 'failed' ? 'bad-text' : '' },
        note === null ? outcome : `${outcome}: ${note}`,
      ),
      formatMs(tookMs),
    ]),
  });
}
