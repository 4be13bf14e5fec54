import { Failure } from '../../diagnostic/failure.ts';
import { listFew } from '../../diagnostic/words.ts';
import { encapsulationOf } from '../../network/encapsulation.ts';
import type { NetworkFacts } from '../facts.ts';
import { fine, unclear, warning, type Judgement } from '../finding.ts';

/** Judges whether encapsulated packets fit into the interface, and on the way to the peers. */
export function judgeMtu(facts: NetworkFacts): readonly Judgement[] {
  const verdicts = [...judgeParameter(facts), ...judgeDevices(facts), ...judgePaths(facts)];
  const { name, mtu } = facts.underlay;
  return verdicts.length === 0 ? [fine(`packets of the overlay fit into ${name} (MTU ${mtu})`)] : verdicts;
}

function judgeParameter({ underlay, underlayMtu }: NetworkFacts): readonly Judgement[] {
  const { name, mtu } = underlay;
  if (underlayMtu <= mtu) return [];
  return [
    warning(`the parameter MTU is ${underlayMtu}, but ${name} carries packets of at most ${mtu} bytes`, {
      advice: `give a smaller MTU, or raise that of ${name} if its network carries it`,
      command: `ip link set dev ${name} mtu ${underlayMtu}`,
    }),
  ];
}

function judgeDevices({ plan, links, underlay, overhead, networks }: NetworkFacts): readonly Judgement[] {
  return plan.devices.flatMap(({ name, kind, mtu: planned }) => {
    const mtu = planned ?? links.find((link) => link.name === name)?.mtu;
    const { ipv4, ipv6 } = encapsulationOf(kind) ?? { ipv4: undefined, ipv6: undefined };
    const bytes = networks.ipv4 === undefined ? (overhead?.ipv6 ?? ipv6) : (overhead?.ipv4 ?? ipv4);
    if (mtu === undefined || bytes === undefined || mtu + bytes <= underlay.mtu) return [];
    const device = name ?? `the ${kind} device`;
    return [
      warning(
        `${device} has an MTU of ${mtu}: with ${bytes} bytes of encapsulation its packets do not fit into ${underlay.name} (MTU ${underlay.mtu})`,
        {
          advice: 'correct the MTU in the recipe, and restart the pods',
          command: name === undefined ? null : `ip link set dev ${name} mtu ${underlay.mtu - bytes}`,
        },
      ),
    ];
  });
}

function judgePaths({ peers, underlay }: NetworkFacts): readonly Judgement[] {
  const narrow = peers.filter(({ probe }) => probe === 'small-only');
  const silent = peers.filter(({ probe }) => probe === 'silent');
  const [failure] = peers.flatMap(({ probe }) => (probe instanceof Failure ? [probe] : []));
  const verdicts: Judgement[] = [];
  if (failure !== undefined) verdicts.push({ ...unclear(failure.message), advice: failure.hint ?? null });
  if (narrow.length > 0) {
    const [first] = narrow;
    verdicts.push(
      warning(
        `packets of ${underlay.mtu} bytes, the MTU of ${underlay.name}, do not reach ${listFew(narrow.map(({ address }) => address))}, and small ones do`,
        {
          advice: `find the MTU of the path, and set it with the parameter MTU or on ${underlay.name}`,
          command: `tracepath -n ${first?.address ?? ''}`,
        },
      ),
    );
  }
  if (silent.length > 0) {
    const [first] = silent;
    verdicts.push(
      warning(`peers do not answer a ping: ${listFew(silent.map(({ address }) => address))}`, {
        advice: 'look at the way to them, unless a firewall drops pings',
        command: `ip route get ${first?.address ?? ''}`,
      }),
    );
  }
  return verdicts;
}
