// The engine by itself, with commands that take no time: what heddle's own work costs.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Engine } from '../src/engine/engine.ts';
import { Roster } from '../src/lease/roster.ts';
import type { LeaseReading } from '../src/lease/open-list.ts';
import { decodeLease, encodeAttributes } from '../src/lease/wire.ts';
import { parseCidr } from '../src/network/cidr.ts';
import { parseRecipe } from '../src/recipe/read/parse-recipe.ts';
import { answer, readOrder } from './sandbox.ts';

interface EngineOrder {
  readonly size: number;
  readonly changes: number;
}

export interface EngineResult {
  /** Leases read and judged, the engine told, every operation taken and ended. */
  readonly snapshotMs: number;
  /** The same list once more, of which nothing follows. */
  readonly relistMs: number;
  /** One lease's change, ascending. */
  readonly changeMs: readonly number[];
  readonly heapMb: number;
}

interface StoredLease {
  readonly key: string;
  readonly value: string;
  readonly expiresAt: number;
}

const { size, changes } = readOrder() as EngineOrder;
const heapBefore = heapMb();
const roster = createRoster();
const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined });
const stored = Array.from({ length: size }, (_, index) => makeLease(index, 1));
const snapshotMs = time(() => {
  if (takeSnapshot() !== size) throw new Error('not every lease was an operation');
});
const heap = heapMb() - heapBefore;
const relistMs = time(() => {
  if (takeSnapshot() !== 0) throw new Error('a list that is the same was an operation');
});
const changeMs = Array.from({ length: changes }, (_, n) => timeChange(n)).sort((a, b) => a - b);
answer({ snapshotMs, relistMs, changeMs, heapMb: heap } satisfies EngineResult);

/** As a node of recipes/vxlan.json has it, with room for a quarter of a million subnets. */
function createRoster(): Roster {
  const document = JSON.parse(
    readFileSync(new URL('../recipes/vxlan.json', import.meta.url), 'utf8'),
  ) as object;
  const text = JSON.stringify({ ...document, Network: '10.0.0.0/8', SubnetLen: 30 });
  const checked = parseRecipe({ name: 'vxlan', text }, 'vxlan');
  const own = parseCidr('10.255.0.0/30');
  if (checked.kind === 'invalid' || own === undefined) throw new Error('the recipe is not as it was');
  const { network, backendType, backendData } = checked.value;
  return new Roster(
    {
      network,
      backendType,
      backendData,
      agreed: [],
      ownIdentities: [],
      ownAddresses: ['192.0.2.1'],
      allowOverlap: true,
    },
    { key: '10.255.0.0-30', subnets: { ipv4: own, ipv6: undefined } },
  );
}

function takeSnapshot(): number {
  roster.replaceAll(stored.map(readLease));
  engine.feed({ kind: 'snapshot', peers: roster.peers });
  return runAll();
}

/** Takes what is to be done and says that it is, until nothing is left. */
function runAll(): number {
  let count = 0;
  for (;;) {
    const operations = engine.take(2500);
    if (operations.length === 0) return count;
    for (const operation of operations) engine.feed({ kind: 'succeeded', operation });
    count += operations.length;
  }
}

function timeChange(n: number): number {
  const lease = makeLease(n % size, 2);
  return time(() => {
    for (const change of roster.put(readLease(lease))) if (change.kind === 'put') engine.feed(change);
    if (runAll() !== 2) throw new Error('a change is a remove and an add');
  });
}

function makeLease(index: number, generation: number): StoredLease {
  const [high, middle, low] = [index >> 14, (index >> 6) & 0xff, (index & 0x3f) << 2];
  const value = encodeAttributes({
    publicIp: `172.${16 + high}.${middle}.${low + generation}`,
    publicIpv6: undefined,
    backendType: 'vxlan',
    backendData: { VNI: 1, VtepMAC: macOf(index, generation) },
    backendV6Data: undefined,
  });
  return { key: `10.${high}.${middle}.${low}-30`, value, expiresAt: 4e12 };
}

function macOf(index: number, generation: number): string {
  const hex = (4 * index + generation).toString(16).padStart(10, '0');
  return `02:${hex.match(/../g)?.join(':') ?? ''}`;
}

function readLease(lease: StoredLease): LeaseReading {
  const decoded = decodeLease(lease);
  if (decoded.kind !== 'lease') throw new Error(decoded.reason);
  return decoded;
}

function time(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function heapMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1e6;
}
