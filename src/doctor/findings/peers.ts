import { formatCount } from '../../diagnostic/words.ts';
import { fine, warning, type Judgement } from '../finding.ts';

/** The peers of a running daemon: the part of its answer to `GET /status` that the judgement needs. */
export interface RunningPeers {
  readonly counts: { readonly inPlace: number };
  readonly peers: readonly RunningPeer[];
  readonly rejections: readonly { readonly key: string; readonly because: string }[];
}

interface RunningPeer {
  readonly subnet: string;
  readonly state: string;
  readonly lastOutcome: { readonly trouble: string | null; readonly stderr: string } | null;
}

/** Of what a command printed, so many lines are told. */
const mostLines = 3;

/** A peer or lease that is not in place. */
interface Loss {
  readonly name: string;
  readonly because: string;
  /** The reason without addresses and numbers, so that it is equal for peers with the same cause. */
  readonly cause: string;
}

/**
 * Judges the peers of a running daemon: the peers whose command failed and the leases that were rejected, each with the most frequent reason.
 * @param statusCommand the command that shows each of them
 */
export function judgeRunningPeers(
  { counts, peers, rejections }: RunningPeers,
  statusCommand: string,
): Judgement {
  const all = formatCount(peers.length, 'peer');
  const failing = peers.filter(({ state }) => state === 'failing').map(describeFailing);
  const rejected = rejections.map(({ key, because }) => describeLoss(key, because));
  const losses = [
    ...(failing.length > 0 ? [`${failing.length} of ${all} failed${explain(failing)}`] : []),
    ...(rejected.length > 0 ? [`${formatCount(rejected.length, 'lease')} rejected${explain(rejected)}`] : []),
  ];
  if (losses.length > 0) {
    return warning(losses.join('; '), {
      advice: 'correct the cause, and heddle tries again by itself; the command shows each of them',
      command: statusCommand,
    });
  }
  return fine(
    counts.inPlace === peers.length
      ? `${all}, all in place`
      : `${counts.inPlace} of ${all} in place, and none failed`,
  );
}

/** The last lines that a command printed have the recipe's own words, or those of the program that failed. */
function describeFailing({ subnet, lastOutcome }: RunningPeer): Loss {
  const printed = (lastOutcome?.stderr ?? '').split('\n').map((line) => line.trim());
  const lines = printed.filter((line) => line !== '').slice(-mostLines);
  return describeLoss(subnet, lines.join('; ') || (lastOutcome?.trouble ?? 'the daemon does not know why'));
}

function describeLoss(name: string, because: string): Loss {
  return { name, because, cause: because.replaceAll(/[0-9a-f:.]*\d[0-9a-f:.]*/gi, '#') };
}

/** The most frequent reason and those that have it: `, 4 of them: no route to host (10.50.2.0/24 and 3 more)`. */
function explain(losses: readonly Loss[]): string {
  const byCause = new Map<string, Loss[]>();
  for (const loss of losses) {
    const same = byCause.get(loss.cause);
    if (same === undefined) byCause.set(loss.cause, [loss]);
    else same.push(loss);
  }
  const [most = []] = [...byCause.values()].sort((a, b) => b.length - a.length);
  const [first] = most;
  if (first === undefined) return '';
  const share = most.length === losses.length ? '' : `, ${most.length} of them`;
  const others = most.length === 1 ? '' : ` and ${most.length - 1} more`;
  return `${share}: ${first.because} (${first.name}${others})`;
}
