import type { StartFacts } from '../facts.ts';
import { fatal, fine, unclear, type Judgement } from '../finding.ts';

/** Judges whether another VXLAN device has the network identifier of the recipe's device. */
export function judgeVnis({ plan, links, hasEarlierNetwork }: StartFacts): readonly Judgement[] {
  const devices = plan.devices.filter(({ vni }) => vni !== undefined);
  const vnis = [...new Set(devices.map(({ vni }) => vni))].join(', ');
  if (vnis === '') return [fine('the recipe does not create a VXLAN device')];
  const own = devices.map(({ name }) => name);
  // Without all names, the device of an earlier start cannot be told from that of another program.
  if (own.includes(undefined))
    return [unclear(`the recipe's text does not show the name of the device with VNI ${vnis}`)];
  const rivals = links.filter(
    ({ name, vxlan }) =>
      vxlan !== undefined &&
      !own.includes(name) &&
      devices.some(({ vni, port }) => vni === vxlan.vni && port === vxlan.port),
  );
  if (rivals.length === 0) return [fine(`no other device has VNI ${vnis}`)];
  if (hasEarlierNetwork) {
    return [
      unclear(
        `VNI ${vnis} is in use, perhaps by an earlier network of this node, which heddle up takes down`,
      ),
    ];
  }
  return rivals.map(({ name, vxlan }) =>
    fatal(
      `the device ${name} has VNI ${vxlan?.vni ?? 0} and UDP port ${vxlan?.port ?? 0} already, so the kernel refuses another`,
      {
        advice: 'choose another VNI in the network configuration, or, if nothing uses the device, delete it',
        command: `ip link delete ${name}`,
      },
    ),
  );
}
