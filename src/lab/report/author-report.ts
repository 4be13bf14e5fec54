import type { RecipeStep } from '../../recipe/compare-recipes.ts';
import type { RenderedRefusal } from '../../event/trouble.ts';
import type { MatrixEvent } from '../protocol.ts';
import { closingMark, renderMatrix, renderNodes, renderTroubles, type RenderOptions } from './render.ts';

/** The output of a watched lab for the author of a recipe. */
export interface AuthorReport {
  begun(matrix: MatrixEvent): string;
  /** @param file the watched file */
  watching(file: string): string;
  /** A saved text that the nodes did not receive. */
  refused(refusal: RenderedRefusal): string;
  /** A saved text that the nodes received; `findings` are the warnings about it. */
  saved(matrix: MatrixEvent, tookMs: number, findings: string): string;
  ended(lab: string): string;
}

export function authorReport(recipe: string, json: boolean, options: RenderOptions): AuthorReport {
  return json ? jsonReport(recipe) : textReport(recipe, options);
}

/** A line of `lab up --watch --json`: the state of the lab, at first and after each save. */
export type WatchReport =
  | ({
      readonly recipe: string;
      readonly passed: boolean;
      /** The time from the save until the end of the probe, in milliseconds; null at first. */
      readonly tookMs: number | null;
      /** Warnings about the recipe, as text for people; empty if there are none. */
      readonly findings: string;
    } & Omit<MatrixEvent, 'event' | 'id'>)
  | {
      readonly recipe: string;
      readonly passed: false;
      /** The reason why the nodes keep their present recipe. */
      readonly refused: string;
      readonly findings: string;
    };

/** The report as JSON, one object on each line. */
function jsonReport(recipe: string): AuthorReport {
  const line = (report: WatchReport): string => `${JSON.stringify(report)}\n`;
  const describe = (matrix: MatrixEvent, tookMs: number | null, findings: string): string => {
    const { change, appliedMs, nodes, pairs, reasons, troubles } = matrix;
    return line({
      recipe,
      passed: isGood(matrix),
      change,
      appliedMs,
      tookMs,
      nodes,
      pairs,
      reasons,
      troubles,
      findings,
    });
  };
  return {
    begun: (matrix) => describe(matrix, null, ''),
    watching: () => '',
    refused: ({ because, findings }) => line({ recipe, passed: false, refused: because, findings }),
    saved: describe,
    ended: () => '',
  };
}

function textReport(recipe: string, options: RenderOptions): AuthorReport {
  const show = (matrix: MatrixEvent): string[] => [
    ...(matrix.pairs.length > 0 ? [renderMatrix(matrix, options)] : []),
    ...(matrix.troubles.length > 0 ? [renderTroubles(matrix.troubles, options)] : []),
    ...matrix.reasons.map((reason) => `${closingMark(false, options)} ${reason}`),
  ];
  const close = (matrix: MatrixEvent, when: string): string =>
    `${closingMark(isGood(matrix), options)} ${recipe}: ${countPairs(matrix)}${when}`;
  const lines = (...parts: readonly string[]): string => parts.map((part) => `${part}\n`).join('');
  return {
    begun: (matrix) => lines(renderNodes(matrix.nodes, options), ...show(matrix), close(matrix, '')),
    watching: (file) => lines(`When you save ${file}, every node runs it. Ctrl-C ends the lab.`),
    refused: ({ because, findings }) =>
      lines(
        '',
        ...(findings === '' ? [] : [findings]),
        `${closingMark(false, options)} ${recipe} has errors: ${because}; the nodes keep the running recipe`,
      ),
    saved: (matrix, tookMs, findings) =>
      lines(
        '',
        ...(findings === '' ? [] : [findings, '']),
        ...(matrix.change === null ? [] : [describeChange(matrix.change)]),
        ...show(matrix),
        close(matrix, `, ${tookMs} ms after the save`),
      ),
    ended: (lab) => lines('', `The lab ${lab} was removed.`),
  };
}

const steps: Readonly<Record<RecipeStep['kind'], string>> = {
  nothing: 'there is nothing to do',
  swap: 'each node now uses it',
  peers: 'each node removed and added its peers again',
  node: 'each node was built again',
};

function describeChange({ step, because }: NonNullable<MatrixEvent['change']>): string {
  return because === null ? `Nothing changed: ${steps[step]}.` : `${because}: ${steps[step]}.`;
}

function isGood({ pairs, troubles }: MatrixEvent): boolean {
  return troubles.length === 0 && pairs.every(({ ok }) => ok);
}

function countPairs({ pairs }: MatrixEvent): string {
  if (pairs.length === 0) return 'its one node is up';
  const answered = pairs.filter(({ ok }) => ok).length;
  return `${answered} of ${pairs.length} pairs reach each other`;
}
