import { BareNamespace } from './bare-namespace.ts';

const makeDevice = [
  'ip link add vx type vxlan id 7 dstport 4789 local 127.0.0.1 nolearning',
  'ip link set vx up',
  'ip address add 10.9.0.0/32 dev vx',
].join('\n');

/** A network namespace with the VXLAN device `vx`, and nothing else. */
export class VxlanNamespace {
  readonly namespace: BareNamespace;

  private constructor(namespace: BareNamespace) {
    this.namespace = namespace;
  }

  static async make(): Promise<VxlanNamespace> {
    const namespace = await BareNamespace.make();
    namespace.run(makeDevice);
    return new VxlanNamespace(namespace);
  }

  /** Makes the device again, without entries. */
  clear(): void {
    this.run(`ip link delete vx\n${makeDevice}`);
  }

  /** Runs shell text that has to succeed; returns what it prints. */
  run(...given: Parameters<BareNamespace['run']>): string {
    return this.namespace.run(...given);
  }

  /** The routes, neighbours and FDB entries of the device, sorted. */
  get entries(): readonly string[] {
    return this.run('ip route show dev vx; ip neigh show dev vx nud permanent; bridge fdb show dev vx')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .sort();
  }

  end(): Promise<void> {
    return this.namespace.end();
  }
}
