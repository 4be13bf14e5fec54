import { listFew } from '../../diagnostic/words.ts';
import type { NetworkFacts } from '../facts.ts';
import { fine, warning, type Judgement } from '../finding.ts';

/** Judges whether the kernel's filter of source addresses drops packets that peers send to the chosen address. */
export function judgeReversePath({
  settings,
  underlay,
  networks,
  peers,
  defaultDevices,
}: NetworkFacts): readonly Judgement[] {
  if (networks.ipv4 === undefined) return [fine('the kernel does not filter IPv6 packets by their source')];
  const { all, own } = settings.reversePath;
  const mode = Math.max(Number(all ?? 0), Number(own ?? 0));
  const { name } = underlay;
  if (mode !== 1) return [fine(`${name} does not filter strictly by source address (rp_filter is ${mode})`)];
  const elsewhere = peers.filter(
    ({ family, device }) => family === 4 && device !== undefined && device !== name,
  );
  const strict = `${name} drops packets whose source it would not send to (rp_filter is 1)`;
  const fix = {
    advice: 'filter loosely, and keep it in /etc/sysctl.d',
    command: `sysctl -w net.ipv4.conf.${name}.rp_filter=2`,
  };
  if (elsewhere.length > 0) {
    const list = listFew(elsewhere.map(({ address, device }) => `${address} by ${device ?? ''}`));
    return [warning(`${strict}, and this host sends to peers by another interface: ${list}`, fix)];
  }
  const { ipv4: usual } = defaultDevices;
  if (peers.length === 0 && usual !== undefined && usual !== name) {
    return [
      warning(
        `${strict}, and the default route leaves by ${usual}, so packets of peers on other links are lost`,
        fix,
      ),
    ];
  }
  return [fine(`${name} filters strictly by source address, and peers are reached by it`)];
}
