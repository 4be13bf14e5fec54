import type { PlannedDevice } from '../devices/planned-devices.ts';
import type { StartFacts, UdpSocket } from '../facts.ts';
import { fatal, fine, unclear, warning, type Judgement } from '../finding.ts';

/** Judges whether the UDP ports of the recipe's devices are free. */
export function judgePorts(facts: StartFacts): readonly Judgement[] {
  const devices = facts.plan.devices.filter(({ port }) => port !== undefined);
  const ports = [...new Set(devices.map(({ port }) => port))].join(', ');
  if (ports === '') return [fine('the recipe does not name a UDP port')];
  const verdicts = devices.flatMap((device) => judgeDevice(device, facts) ?? []);
  if (verdicts.length > 0 && facts.hasEarlierNetwork) {
    return [
      unclear(
        `UDP port ${ports} is in use, perhaps by an earlier network of this node, which heddle up takes down`,
      ),
    ];
  }
  return verdicts.length === 0 ? [fine(`UDP port ${ports} is free for the recipe's devices`)] : verdicts;
}

function judgeDevice(device: PlannedDevice, { links, sockets, families }: StartFacts): Judgement | undefined {
  // A device that exists already has its own socket.
  if (links.some(({ name }) => name === device.name)) return undefined;
  const family = families.ipv4 === undefined ? 6 : 4;
  const others = sockets.filter((socket) => socket.port === device.port && !isShared(device, socket));
  const fix = {
    advice:
      'end the program, or choose another port with the parameter of the recipe; this command shows the program',
    command: `ss -lunp 'sport = :${device.port ?? 0}'`,
  };
  const owner = (socket: UdpSocket): string => socket.owner ?? 'another device of the kernel';
  const effect = `so ${device.name ?? `the ${device.kind} device`} cannot receive packets`;
  const taken = others.find((socket) => socket.family === family);
  if (taken !== undefined) {
    return fatal(`UDP port ${device.port ?? 0} is in use by ${owner(taken)}, ${effect}`, fix);
  }
  // Whether such a socket takes packets of the other family as well, the kernel does not show.
  const perhaps = others.find((socket) => socket.isWildcard);
  return (
    perhaps &&
    warning(
      `UDP port ${device.port ?? 0} is in use by ${owner(perhaps)} for IPv${perhaps.family}, perhaps ${effect}`,
      fix,
    )
  );
}

/** All VXLAN devices of a port share the kernel's socket. */
function isShared({ kind }: PlannedDevice, { owner }: UdpSocket): boolean {
  return owner === undefined && kind === 'vxlan';
}
