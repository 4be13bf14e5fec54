import { formatCidr, type Cidr } from '../../network/cidr.ts';
import type { Packet, PacketDevice } from './packet.ts';

/** The devices of a host that are known to carry packets of a network. */
interface ForwardDevices {
  /** Every device of the host. */
  readonly all: readonly string[];
  /** The devices with a route into this node's own subnet. */
  readonly ofPods: readonly string[];
}

/** A packet that heddle's rules accept, and its description as a phrase: `from 10.50.4.0/24 to 10.50.0.0/16` */
export interface ForwardedPacket {
  readonly what: string;
  readonly packet: Packet;
}

/** A port that no rule is likely to name. */
const port = 61_007;

/**
 * The packets that this node forwards for its pods, one for each direction and protocol.
 *
 * @param own this node's subnet, or the whole network if the subnet is not known
 */
export function listForwardedPackets(
  network: Cidr,
  own: Cidr,
  devices: ForwardDevices,
): readonly ForwardedPacket[] {
  const noPods = { isNot: ['lo', ...devices.ofPods] };
  const pods = {
    end: { range: own, isOutside: false },
    text: formatCidr(own),
    device: deviceOfPods(devices),
  };
  const peers = {
    end: { range: network, isOutside: false },
    text: formatCidr(network),
    device: noPods,
  };
  const outside = {
    end: { range: network, isOutside: true },
    text: `outside ${formatCidr(network)}`,
    device: noPods,
  };
  const ways = [
    [pods, peers] as const,
    [peers, pods] as const,
    [pods, outside] as const,
    [outside, pods] as const,
  ];
  return ways.flatMap(([source, target]) =>
    (['tcp', 'udp'] as const).map((protocol) => ({
      what: `from ${source.text} to ${target.text}`,
      packet: {
        family: network.family,
        protocol,
        port,
        device: source.device,
        outDevice: target.device,
        from: source.end,
        to: target.end,
      },
    })),
  );
}

/** Pods may have a device each, made with the pod, so that only devices with another purpose are known not to be theirs. */
function deviceOfPods({ all, ofPods }: ForwardDevices): PacketDevice {
  const [only, ...others] = ofPods;
  if (only !== undefined && others.length === 0) return only;
  return { isNot: all.filter((name) => !ofPods.includes(name)) };
}
