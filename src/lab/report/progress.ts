import { formatCount } from '../../diagnostic/words.ts';
import type { LabEvent } from '../protocol.ts';

/** Shows the progress of a lab. Everything goes to stderr, so that stdout holds only the result. */
interface Progress {
  note(event: LabEvent): void;
  /** Removes the temporary output. */
  end(): void;
  /** The thing that the lab waits for now, as a noun. */
  readonly waitsFor: string;
}

/** A stream that may be a terminal: process.stderr. */
interface ProgressStream {
  readonly isTTY: boolean;
  /** The width of a terminal. */
  readonly columns: number;
  write(text: string): unknown;
}

/** Shows progress: on a terminal that is not dumb, one line that is rewritten; otherwise a line for each step, and none for each pair. */
export function showProgress(
  nodes: number,
  stream: ProgressStream,
  terminal = process.env['TERM'],
): Progress {
  const steps = new Steps(nodes);
  const canRewrite = stream.isTTY && terminal !== 'dumb';
  const show = canRewrite ? rewriteLine : writeLine;
  let isOver = false;
  return {
    note(event) {
      if (isOver) return;
      const step = steps.describe(event);
      if (step !== undefined) show(stream, step, event);
    },
    end() {
      isOver = true;
      if (canRewrite) stream.write(clearLine);
    },
    get waitsFor() {
      return steps.waitsFor;
    },
  };
}

/** The progress so far, as one sentence without a full stop; undefined if an event is not a step. */
class Steps {
  readonly #nodes: number;
  readonly #pairs: number;
  #ready = 0;
  #probed = 0;
  /** The number of steps of a scenario. */
  #steps = 0;
  /** The thing that the lab waits for, as a noun. */
  #waitsFor = 'its underlay and its store';
  /** The last command that a node was reported to wait for, as a clause. */
  #slow: string | undefined;

  constructor(nodes: number) {
    this.#nodes = nodes;
    this.#pairs = nodes * (nodes - 1);
  }

  get waitsFor(): string {
    return this.#slow === undefined ? this.#waitsFor : `${this.#waitsFor} (${this.#slow})`;
  }

  /** Takes note of an event, and describes it. */
  describe(event: LabEvent): string | undefined {
    // The time in parentheses is that of the report.
    this.#slow = event.event === 'node-waits' ? describeNodeWait(event).replace(/ \(.*\)$/, '') : undefined;
    this.#waitsFor = this.#nextWait(event) ?? this.#waitsFor;
    return this.#describe(event);
  }

  /** The wait that begins with an event; undefined if the lab waits on. */
  #nextWait(event: LabEvent): string | undefined {
    switch (event.event) {
      case 'built':
        return this.#describeUnready(0);
      case 'node-ready':
        return this.#describeUnready(this.#ready + 1);
      case 'overlay-ready':
        return `the answers of ${formatCount(this.#pairs, 'pair')}`;
      case 'tested':
        return 'the page of its report';
      case 'stopping':
        return 'the networks of its nodes to be taken down';
      case 'scenario-begun':
        return 'its scenario';
      case 'step-begun':
        return `step ${event.number} of ${this.#steps} (${event.text})`;
      default:
        return undefined;
    }
  }

  #describeUnready(ready: number): string {
    if (ready >= this.#nodes) return 'every node to know every other';
    return `${this.#nodes - ready} of ${formatCount(this.#nodes, 'node')} to be ready`;
  }

  #describe(event: LabEvent): string | undefined {
    switch (event.event) {
      case 'store-step':
        return event.step;
      case 'built':
        return `underlay of ${this.#nodes} created in ${event.afterMs} ms, starting daemons`;
      case 'node-ready':
        this.#ready += 1;
        return `${event.node.name} ready after ${event.afterMs} ms with ${event.node.subnet ?? 'no subnet'} (${this.#ready} of ${this.#nodes})`;
      case 'node-failed':
        return `${event.trouble.node} failed`;
      case 'node-waits':
        return describeNodeWait(event);
      case 'overlay-ready':
        return `every node knows every other after ${event.readyMs} ms${this.#pairs === 0 ? '' : `, testing ${this.#pairs} pairs`}`;
      case 'pair-probed': {
        this.#probed += 1;
        const { from, to, ok } = event.pair;
        return `${from} → ${to} ${ok ? 'answered' : 'failed'} (${this.#probed} of ${this.#pairs})`;
      }
      case 'tested':
        return 'looking into the nodes for the report';
      case 'stopping':
        return 'taking the networks down';
      case 'scenario-begun':
        this.#steps = event.steps;
        return `every node knows every other after ${event.readyMs} ms`;
      case 'step-begun':
        return `step ${event.number} of ${this.#steps}: ${event.text}`;
      case 'step-ended':
        return event.step.outcome === 'failed' ? `step ${event.step.number} failed` : undefined;
      case 'scenario-report':
      case 'promise-begun':
      case 'promise-tried':
      case 'verified':
      case 'report':
      case 'up':
      case 'matrix':
      case 'failure':
        return undefined;
    }
  }
}

/** A node that waits for a command, as a sentence without a full stop. */
export function describeNodeWait({ node, what }: Extract<LabEvent, { event: 'node-waits' }>): string {
  return `${node} waits for ${what}`;
}

/** Writes a step as a line of its own. A pair that answered gets none, because a lab may have thousands. */
function writeLine(stream: ProgressStream, step: string, event: LabEvent): void {
  const isGoodPair = event.event === 'pair-probed' && event.pair.ok;
  if (!isGoodPair) stream.write(`lab: ${step}\n`);
}

const clearLine = '\r\u001b[2K';

/** Rewrites the line of progress. It is cut, because a wrapped line cannot be rewritten. Some terminals do not know their width. */
function rewriteLine(stream: ProgressStream, step: string): void {
  const width = stream.columns > 0 ? stream.columns : 80;
  stream.write(clearLine + `⠿ ${step}`.slice(0, width - 1));
}
