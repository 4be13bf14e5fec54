import type { TraceReport } from '../../lab/trace/report.ts';
import type { LabPage, NodePage, PageDocument, VerifyPage } from '../model.ts';
import { problemsOfPairs } from './failed-pairs.ts';
import type { PageProblem } from './problem.ts';

/** The most problems at the top of a page. */
const mostProblems = 30;

const alone = { look: null, repair: null, detail: null };

/** Lists what is wrong, the most telling first. */
export function findProblems(document: PageDocument): readonly PageProblem[] {
  switch (document.page) {
    case 'lab':
      return withoutTwins(problemsOfLab(document)).slice(0, mostProblems);
    case 'verify':
      return problemsOfVerify(document).slice(0, mostProblems);
    case 'node':
      return problemsOfNode(document).slice(0, mostProblems);
  }
}

/** Says that the commands of these problems do not reach a lab that was taken down; null if that need not be said. */
export function noteOnCommands(document: PageDocument, problems: readonly PageProblem[]): string | null {
  if (document.page !== 'lab' || !document.isGone) return null;
  const commands = problems.flatMap(({ look, repair }) => [look ?? '', repair ?? '']);
  if (!commands.some((command) => command.startsWith('heddle lab '))) return null;
  const gone = 'The lab of this report was taken down, so its commands, heddle lab …, do not work any more.';
  if (document.verdict.kind === 'passed') return gone;
  return `${gone} To look inside, repeat the run with --keep-failed: the commands in its report work until heddle lab down.`;
}

function problemsOfLab(page: LabPage): readonly PageProblem[] {
  const { listing, nameOption, troubles, traces, states, pairs, steps, reasons } = page;
  const hosts = [...listing.nodes, ...(listing.server === null ? [] : [listing.server])];
  const names = hosts.map(({ name }) => name);
  const cut = hosts.filter(({ link }) => link === 'cut').map(({ name }) => name);
  const failedSteps = steps.filter(({ outcome }) => outcome === 'failed');
  const known: readonly PageProblem[] = [
    ...troubles.map(({ node, message, hint = null, detail = null }) => ({
      where: node,
      what: message,
      look: null,
      repair: hint,
      detail,
    })),
    ...failedSteps.map(({ number, line, text, note, detail }) => ({
      ...alone,
      where: null,
      what: `step ${number} failed (line ${line}): ${text}: ${note ?? ''}`,
      detail,
    })),
    ...cut.map((name) => ({
      ...alone,
      where: name,
      what: `${name} is disconnected from the underlay`,
      repair: `heddle lab join${nameOption} ${name}`,
    })),
    ...hosts
      .filter(({ daemon }) => daemon === 'failed')
      .map(({ name, ended }) => ({
        ...alone,
        where: name,
        what: `the program of ${name} has failed: it ${ended ?? 'ended'}`,
      })),
    ...traces.filter((trace) => !isOfCut(trace, cut, names)).flatMap(problemOfTrace),
    ...states
      .filter(
        ({ state, node }) =>
          state === 'degraded' && hosts.some(({ name, ended }) => name === node && ended === null),
      )
      .map(({ node, because }) => ({
        ...alone,
        where: node,
        what: `${node} is degraded: ${because ?? 'the reason is not known'}`,
      })),
    ...page.failures
      .filter(({ isOver }) => !isOver)
      .map(({ node, command, peer, how, where, stderr }) => ({
        ...alone,
        where: node,
        what: `${command}${where === null ? '' : ` (${where.file}:${where.line})`} on ${node}${peer === null ? '' : ` for ${peer}`} ${how}`,
        detail: stderr === '' ? null : stderr,
      })),
    ...hosts
      .filter(({ daemon }) => daemon === 'stopped')
      .map(({ name, ended }) => ({
        ...alone,
        where: name,
        what: `the daemon of ${name} does not run, so nothing repairs its network: it ${ended ?? 'was stopped'}`,
        repair: `heddle lab start${nameOption} ${name}`,
      })),
    ...problemsOfPairs(pairs),
  ];
  const ofPairs = pairs
    .filter(({ ok }) => !ok)
    .map(({ from, to }) => `the pod of ${from} does not reach the pod of ${to}`);
  const others = reasons.filter(
    (reason) =>
      !known.some(({ what }) => reason.includes(what) || what.includes(reason)) &&
      !ofPairs.some((sentence) => reason.startsWith(sentence)),
  );
  return [...known, ...others.map((what) => ({ ...alone, where: null, what }))];
}

/** Whether a trace only found the device that belongs to a cut link. */
function isOfCut(
  { outcome, from, to }: TraceReport,
  cut: readonly string[],
  hosts: readonly string[],
): boolean {
  if (outcome.kind === 'answered' || !/^the device \S+ of \S+ is down$/.test(outcome.cause)) return false;
  // The device of a host that is not cut is a cause of its own.
  const host = outcome.place.replace(/-pod$/, '');
  if (hosts.includes(host) && !cut.includes(host)) return false;
  return cut.some((name) => [from, to].some(({ place }) => place === name || place === `${name}-pod`));
}

function problemOfTrace({ outcome, from, to, size }: TraceReport): readonly PageProblem[] {
  if (outcome.kind === 'answered') return [];
  const last = outcome.lastSeen;
  const seen =
    last === null
      ? ''
      : `${from.place} → ${to.place}, ${size} bytes: the ${outcome.packet ?? 'packet'} was last seen on ${last.place}, ${last.direction === 'in' ? 'arriving on' : 'leaving by'} ${last.interface}`;
  return [
    {
      where: outcome.place,
      what: outcome.cause,
      look: outcome.shows,
      repair: outcome.repairs,
      detail: seen === '' ? null : seen,
    },
  ];
}

/** Several traces may find one cause. */
function withoutTwins(problems: readonly PageProblem[]): readonly PageProblem[] {
  return problems.filter(
    (problem, index) => problems.findIndex(({ what }) => what === problem.what) === index,
  );
}

function problemsOfVerify({ report }: VerifyPage): readonly PageProblem[] {
  return report.promises
    .filter(({ kept }) => !kept)
    .flatMap(({ id, promise, tries }) => {
      const broken = tries.filter(({ outcome }) => outcome === 'broken');
      const [first] = broken;
      if (first === undefined) return [];
      const where = first.where === null ? '' : ` (${first.where.file}:${first.where.line})`;
      return [
        {
          ...alone,
          where: id,
          what: `${promise}: ${first.note}${where}`,
          repair: first.add === null ? null : `add ${first.add} to the recipe`,
        },
      ];
    });
}

function problemsOfNode({ status, failures }: NodePage): readonly PageProblem[] {
  if (status === null) return [{ ...alone, where: null, what: 'the node is not running' }];
  const { because, storeOutage, parts, concerns, rejections } = status;
  return [
    ...(because === null ? [] : [{ ...alone, where: status.node, what: `the node is degraded: ${because}` }]),
    ...(storeOutage === null
      ? []
      : [
          {
            ...alone,
            where: 'store',
            what: `the store cannot be reached: ${storeOutage.because}`,
            repair: storeOutage.hint,
          },
        ]),
    ...parts
      .filter((part) => part.because !== null)
      .map((part) => ({ ...alone, where: part.name, what: `${part.name} is broken: ${part.because ?? ''}` })),
    ...concerns.map((concern) => ({
      ...alone,
      where: concern.about,
      what: concern.because,
      repair: concern.hint,
    })),
    ...failures
      .filter(({ isOver }) => !isOver)
      .map(({ command, peer, how, where, stderr }) => ({
        ...alone,
        where: peer,
        what: `${command}${where === null ? '' : ` (${where.file}:${where.line})`} ${how}`,
        detail: stderr === '' ? null : stderr,
      })),
    ...rejections.map(({ key, because: why }) => ({
      ...alone,
      where: key,
      what: `the lease ${key} is rejected: ${why}`,
    })),
  ];
}
