import * as z from 'zod/mini';
import { ProgramError } from '../../host/run-program.ts';
import { factsScript, readFacts, readList, type Facts } from './facts.ts';
import type { Namespaces } from '../process/namespaces.ts';
import type { LabPlace } from '../process/places.ts';
import { walkPacket, type Answer, type Question, type Walk, type WalkRequest } from './walk/walk.ts';
import { routeCommand } from './walk/route-question.ts';

const routeSchema = z.object({
  type: z.optional(z.string()),
  dst: z.string(),
  gateway: z.optional(z.string()),
  via: z.optional(z.object({ host: z.string() })),
  dev: z.optional(z.string()),
  table: z.optional(z.string()),
  prefsrc: z.optional(z.string()),
  from: z.optional(z.string()),
});

/** The kernel's answers about the places of a lab. Facts are read once, until {@link LookUps.forget}. */
export class LookUps {
  readonly #namespaces: Namespaces;
  readonly #places: readonly LabPlace[];
  readonly #facts = new Map<string, Promise<Facts>>();

  constructor(namespaces: Namespaces, places: readonly LabPlace[]) {
    this.#namespaces = namespaces;
    this.#places = places;
  }

  /** Reads the facts of a place. */
  facts(name: string): Promise<Facts> {
    const known = this.#facts.get(name);
    if (known !== undefined) return known;
    const reading = this.#namespaces.run(this.#place(name), ['sh', '-c', factsScript]).then(readFacts);
    this.#facts.set(name, reading);
    return reading;
  }

  /** Lets the facts be read again. */
  forget(): void {
    this.#facts.clear();
  }

  /** Follows a packet through the lab. */
  async walk(request: WalkRequest): Promise<Walk> {
    const walk = walkPacket(request);
    let step = walk.next();
    while (!step.done) step = walk.next(await this.#answer(step.value));
    return step.value;
  }

  async #answer(question: Question): Promise<Answer> {
    if (question.ask === 'facts') return { answer: 'facts', facts: await this.facts(question.place) };
    const [, , , ...words] = routeCommand(question);
    // The route that matches has the prefix and the metric; the plain look-up has the path that was chosen.
    const script =
      'ip -json -details route get "$@" && echo && { ip -json -details route get fibmatch "$@" 2>/dev/null || true; } && echo && { ip -details route get fibmatch "$@" 2>/dev/null || true; }';
    try {
      const printed = await this.#namespaces.run(this.#place(question.place), [
        'sh',
        '-c',
        script,
        'sh',
        ...words,
      ]);
      return toRoute(printed);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      return {
        answer: 'no-route',
        because: error.stderr.replace(/^RTNETLINK answers: /, '').split('\n')[0] ?? '',
      };
    }
  }

  #place(name: string): LabPlace {
    const place = this.#places.find((each) => each.name === name);
    if (place === undefined) throw new Error(`the lab does not have a place ${name}`);
    return place;
  }
}

function toRoute(printed: string): Answer {
  const lines = printed.split('\n').filter((line) => line.trim() !== '');
  const lists = lines.filter((line) => line.startsWith('[{'));
  const [chosen] = readList(lists[0] ?? '', routeSchema);
  const [matching] = readList(lists[1] ?? '', routeSchema);
  if (chosen === undefined) return { answer: 'no-route', because: 'ip printed no route' };
  const text = lines.find((line) => !line.startsWith('[')) ?? chosen.dst;
  return {
    answer: 'route',
    route: {
      text: text
        .replace(/ (?:proto|scope|pref) \S+/g, '')
        .replace(/^unicast /, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
      device: chosen.dev,
      gateway: chosen.gateway ?? chosen.via?.host,
      table: matching?.table ?? 'main',
      source: chosen.prefsrc ?? chosen.from,
      type: matching?.type ?? chosen.type ?? 'unicast',
    },
  };
}
