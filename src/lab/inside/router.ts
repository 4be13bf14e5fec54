import { presentValues, zipFamilies } from '../../network/per-family.ts';
import { natRules } from '../plan/commands.ts';
import { addressesOf, type RouterPlan } from '../plan/topology.ts';
import type { RouterStatus } from '../protocol.ts';
import { runLabProgram } from './lab-program.ts';
import { holdHost, type Holder } from './node/holder.ts';

/** A router of a running lab: a host without a program. */
export class LabRouter {
  readonly plan: RouterPlan;
  readonly holder: Holder;

  private constructor(plan: RouterPlan, holder: Holder) {
    this.plan = plan;
    this.holder = holder;
  }

  /** Makes the namespaces of a router, its routes and its translation of addresses. Throws a Failure. */
  static async start(plan: RouterPlan): Promise<LabRouter> {
    const holder = await holdHost(plan);
    if (plan.nat !== undefined) {
      const enter = [`--net=/run/netns/${plan.name}`, 'nft', '-f', '-'];
      await runLabProgram('nsenter', enter, natRules(plan.nat));
    }
    return new LabRouter(plan, holder);
  }

  status(): RouterStatus {
    const { name, nat } = this.plan;
    return {
      name,
      addresses: addressesOf(this.plan),
      holderPid: this.holder.pid,
      nat:
        nat === undefined
          ? null
          : {
              interface: nat.interface,
              addresses: presentValues(nat.outside).map((outside) => ({
                outside,
                inside: zipFamilies(nat.outside, nat.inside).find(([each]) => each === outside)?.[1] ?? null,
              })),
            },
    };
  }
}
