import { readVersion } from '../../host/version.ts';
import type { VerifyReport } from '../../lab/verify/report.ts';
import { frameAround } from '../events/frames.ts';
import type { VerifyPage } from '../model.ts';

/** Makes the document of `lab verify`. `text` is that of the recipe. */
export function describePromises(report: VerifyReport, text: string): VerifyPage {
  const places = report.promises
    .flatMap(({ tries }) =>
      tries.flatMap(({ outcome, where }) => (outcome === 'broken' ? (where ?? []) : [])),
    )
    .map(({ file, line }) => [`${file}:${line}`, frameAround(text, line)] as const);
  const kept = report.promises.filter((promise) => promise.kept).length;
  return {
    page: 'verify',
    title: `Promises of the recipe ${report.recipe}`,
    version: readVersion(),
    madeAt: new Date().toISOString(),
    verdict: {
      kind: report.passed ? 'passed' : 'failed',
      text: `${kept} of ${report.promises.length} promises kept`,
    },
    report,
    frames: Object.fromEntries(places),
  };
}
