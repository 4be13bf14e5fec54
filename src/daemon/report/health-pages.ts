import type { LoopHealth } from '../health/vital.ts';
import type { HttpAnswer } from './limited-server.ts';
import { plainText, type Page } from './page-server.ts';
import { isPassed, type CheckPart } from './readiness.ts';

/** The source of the two pages. */
export interface HealthSource {
  /** The health of the daemon's loops. */
  examine(): Promise<readonly LoopHealth[]>;
  readiness(): readonly CheckPart[];
}

/**
 * The pages `/healthz` and `/readyz`, as flanneld has them. With `?verbose`, and for a check that failed, they name each part as Kubernetes
 * does.
 */
export function healthPages(source: HealthSource): readonly Page[] {
  return [
    {
      path: '/healthz',
      answer: async (query) => {
        const loops = await source.examine();
        const parts = loops.map(({ name, hang }) => ({ name, trouble: hang, isRequired: true }));
        return answerFor('healthz', parts, query, 'heddle is running\n');
      },
    },
    {
      path: '/readyz',
      answer: (query) => Promise.resolve(answerFor('readyz', source.readiness(), query, 'heddle is ready\n')),
    },
  ];
}

function answerFor(
  check: string,
  parts: readonly CheckPart[],
  query: URLSearchParams,
  short: string,
): HttpAnswer {
  const passes = isPassed(parts);
  if (passes && !query.has('verbose')) return plainText(200, short);
  const lines = [...parts.map(describePart), `${check} check ${passes ? 'passed' : 'failed'}`];
  return plainText(passes ? 200 : 503, `${lines.join('\n')}\n`);
}

/** Kubernetes writes `excluded` for a part that does not count. */
function describePart({ name, trouble, isRequired }: CheckPart): string {
  if (trouble === undefined) return `[+]${name} ok`;
  // A reason may hold text of a command.
  const reason = trouble.replaceAll(/\s+/g, ' ').trim();
  return isRequired ? `[-]${name} failed: ${reason}` : `[+]${name} excluded: ${reason}`;
}
