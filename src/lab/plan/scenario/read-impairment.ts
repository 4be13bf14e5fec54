import { openingBrace, type ObjectNode } from '../../../recipe/json/json-tree.ts';
import type { LocatedNode } from '../../../recipe/read/read-keys.ts';
import { parseDelay, parseLoss, parseRate, type LinkChange } from '../underlay/impairment.ts';
import { impairKeys, noLimit } from './keys.ts';
import type { StepSurroundings } from './read-condition.ts';
import { readObject } from './read-object.ts';
import type { StepAction } from './scenario.ts';

/** Reads the limits of `Impair`. Undefined if they are wrong, which is reported. */
export function readImpairment(
  { value: object }: LocatedNode<ObjectNode>,
  path: string,
  { names, findings }: StepSurroundings,
): StepAction | undefined {
  const { values, given } = readObject(object, impairKeys, path, findings);
  const { Link, MTU, Loss, Rate, Delay, Clear } = values;
  const link = Link && names.link(Link.value, Link.span);
  if (['MTU', 'Loss', 'Rate', 'Delay', 'Clear'].every((key) => !given.has(key))) {
    const hint = 'add one of MTU, Loss, Rate, Delay, Clear';
    findings.error('missing-key', openingBrace(object), `\`${path}\` does not change a limit`, hint);
    return undefined;
  }
  if (link === undefined) return undefined;
  const change: LinkChange = {
    ...(Clear?.value === true && { mtu: null, loss: null, rate: null, delay: null }),
    ...(MTU && { mtu: MTU.value }),
    ...(Loss && { loss: readLimit(Loss.value, parseLoss) }),
    ...(Rate && { rate: readLimit(Rate.value, parseRate) }),
    ...(Delay && { delay: readLimit(Delay.value, parseDelay) }),
  };
  return { kind: 'impair', link, change };
}

/** The value of a limit, whose form was checked; null for none. */
function readLimit(text: string, parse: (text: string) => number | undefined): number | null {
  return text === noLimit ? null : (parse(text) ?? null);
}
