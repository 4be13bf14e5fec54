/**
 * A process that acquires one lease for each address it is given, all at once, as soon as its standard input ends, and
 * prints the keys. `acquirer DIRECTORY ADDRESS…`
 */
import { text } from 'node:stream/consumers';

import type { LeaseAttributes } from '../../src/lease/lease.ts';
import { parseAddress, parseCidr } from '../../src/network/cidr.ts';
import { acquireLease } from '../../src/store/acquire-lease.ts';
import { openFilesStore } from '../../src/store/files/store.ts';

const [directory = '', ...addresses] = process.argv.slice(2);
const network = parseCidr('10.50.0.0/16');
const subnetMin = parseAddress('10.50.1.0');
const subnetMax = parseAddress('10.50.50.0');
if (network === undefined || subnetMin === undefined || subnetMax === undefined)
  throw new Error('unreachable');
const configuration = {
  ipv4: { network, subnetLength: 24, subnetMin, subnetMax },
  ipv6: undefined,
  enableNftables: false,
};

const store = await openFilesStore(directory);
process.stdout.write('ready\n');
await text(process.stdin);
const keys = addresses.map(async (publicIp) => {
  const attributes: LeaseAttributes = {
    publicIp,
    publicIpv6: undefined,
    backendType: 'extension',
    backendData: undefined,
    backendV6Data: undefined,
  };
  const { lease } = await acquireLease(store, {
    configuration,
    attributes,
    ttlSeconds: 600,
    hint: undefined,
  });
  return lease.key;
});
process.stdout.write(`${(await Promise.all(keys)).join('\n')}\n`);
await store.close();
