import TinyQueue from 'tinyqueue';
import { emptyReading, passComments, readToken, type Reading } from './reading.ts';
import { repair, repairEarlyEnd, repairIndentation } from './repairs.ts';
import { syntaxFault } from './faults.ts';
import { Tokens } from './tokens.ts';

/** Readings that cost so much more than the cheapest one are given up. */
const mostExtraCost = 2.5;
/** After so many steps only the cheapest reading goes on. */
const mostSteps = 5000;
/** A document with so many faults is not read to its end. */
const mostFaults = 100;

/**
 * Reads a JSON text with the fewest corrections. Where the grammar does not allow a token, several corrections are possible,
 * such as a comma before it or no token at all. Each is tried, and the reading that needs the fewest in the whole
 * document is returned. So one mistake is one fault, and does not cause others.
 */
export function readWithFewestFaults(text: string): Reading {
  return search(new Tokens(text));
}

/** Takes the reading that is furthest behind, corrects it in each way, and reads on from there to the next fault. */
function search(tokens: Tokens): Reading {
  const queue = new TinyQueue<Reading>([], (a, b) => a.at - b.at || a.cost - b.cost);
  const cheapest = new Map<string, number>();
  let best: Reading | undefined;
  const add = (from: Reading): void => {
    let reading = from;
    while (reading.end === undefined) {
      const token = tokens.at(reading.at);
      if (reading.trail !== undefined || token.comments.length > 0) reading = passComments(reading, token);
      const next = readToken(tokens, reading, token);
      if (next === undefined) break;
      for (const way of [
        ...repairIndentation(tokens, reading, token),
        ...repairEarlyEnd(tokens, reading, token),
      ])
        waiting.push(way);
      reading = next;
    }
    if (reading.end === 'reached') {
      if (best === undefined || reading.cost < best.cost) best = reading;
      return;
    }
    const key = keyOf(reading);
    const known = cheapest.get(key);
    if (known !== undefined && known <= reading.cost) return;
    cheapest.set(key, reading.cost);
    queue.push(reading);
  };
  const waiting: Reading[] = [emptyReading];
  for (let steps = 0; ; steps += 1) {
    for (let way = waiting.pop(); way !== undefined; way = waiting.pop()) {
      if (best === undefined || way.cost < best.cost) add(way);
    }
    const reading = queue.pop();
    if (reading === undefined) break;
    if (best !== undefined && reading.cost >= best.cost) continue;
    const floor = queue.data.reduce((least, { cost }) => Math.min(least, cost), reading.cost);
    if (reading.cost > floor + (steps < mostSteps ? mostExtraCost : 0)) continue;
    if (reading.faults >= mostFaults) return giveUp(tokens, reading);
    waiting.push(...repair(tokens, reading, tokens.at(reading.at)));
  }
  if (best === undefined) throw new Error('a JSON text could not be read in any way');
  return best;
}

/** Readings at the same place go on in the same way if the objects around them are alike. */
function keyOf({ at, place, inside, lastString, lastValue }: Reading): string {
  const parts: (string | number | undefined)[] = [at, place, lastString?.offset, lastValue?.offset];
  for (let container = inside; container !== undefined; container = container.around) {
    parts.push(container.kind, container.indent, container.keyIndent);
  }
  return parts.join(' ');
}

function giveUp({ text }: Tokens, reading: Reading): Reading {
  const fault = syntaxFault(
    { offset: reading.at, length: 0 },
    `the document has more than ${mostFaults} errors`,
    'heddle has checked what is before this',
  );
  return { ...withEnd(reading, fault), at: text.length };
}

function withEnd(reading: Reading, fault: ReturnType<typeof syntaxFault>): Reading {
  return {
    ...reading,
    end: 'reached',
    isDoubtful: true,
    trail: { step: { kind: 'fault', fault }, before: reading.trail },
  };
}
