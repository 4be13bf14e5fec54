import { Failure } from '../../diagnostic/failure.ts';
import type { PartCheck } from '../../doctor/checks.ts';
import { fatal, type Judgement } from '../../doctor/finding.ts';

/** The verdicts of the checks of the start's parts. */
export type PartJudgements = Partial<Record<PartCheck, Judgement>>;

/** Does a part of the start; its failure becomes the verdict of a check. */
export async function attempt<T>(
  parts: PartJudgements,
  check: PartCheck,
  work: () => Promise<T> | T,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    parts[check] = judgeFailure(error);
    return undefined;
  }
}

/** The judgement of a part that a start would refuse. */
export function judgeFailure({ message, hint, diagnostics }: Failure): Judgement {
  const [first] = diagnostics;
  const reason = first === undefined ? message : `${message}: ${first.message}`;
  const isCommand = /^(?:apt-get|chmod|chown) /.test(hint ?? '');
  return fatal(reason, isCommand ? { command: hint ?? null } : { advice: first?.hint ?? hint ?? null });
}
