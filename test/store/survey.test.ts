import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cursor, LeaseRecord, ListPart } from '../../src/store/store.ts';
import { surveyStore, type Applicant } from '../../src/store/survey.ts';
import { cidr } from '../lease/fixtures.ts';
import { parseAddress } from '../../src/network/cidr.ts';

const address = (text: string) => parseAddress(text) ?? assert.fail(text);
const end: ListPart = { kind: 'end', cursor: '1' as Cursor };

/** A network with the four subnets 10.50.1.0/24 to 10.50.4.0/24, and a node at 172.30.0.1. */
const applicant: Applicant = {
  publicIp: '172.30.0.1',
  publicIpv6: undefined,
  configuration: {
    ipv4: {
      network: cidr('10.50.0.0/16'),
      subnetLength: 24,
      subnetMin: address('10.50.1.0'),
      subnetMax: address('10.50.4.0'),
    },
    ipv6: undefined,
    enableNftables: false,
  },
  hint: undefined,
  earlier: undefined,
  identitiesOf: ({ backendData }) => [JSON.stringify(backendData)],
};

function record(subnet: number, node: number): LeaseRecord {
  const value = JSON.stringify({
    PublicIP: `172.30.0.${node}`,
    BackendType: 'vxlan',
    BackendData: `mac-${node}`,
  });
  return { key: `10.50.${subnet}.0-24`, value, revision: '1', expiresAt: 1 };
}

const page = (...records: readonly LeaseRecord[]): ListPart => ({ kind: 'page', records, faults: [] });

/** The survey of a list that has these parts, and the subnet that it gives the node first. */
async function surveyed(parts: readonly ListPart[], refused: readonly string[] = []) {
  const store = {
    async *listPages() {
      yield* parts;
      await Promise.resolve();
    },
  };
  const survey = await surveyStore(store, applicant, new Set(refused));
  const plan = survey.plan(() => 0);
  return { survey, plan, subnet: plan.kind === 'create' ? plan.subnets.ipv4 : undefined };
}

test('a list that begins again does not keep what came before', async () => {
  const { survey, subnet } = await surveyed([
    { kind: 'begin' },
    page(record(1, 2), record(2, 1)),
    { kind: 'begin' },
    page(record(4, 3)),
    end,
  ]);
  assert.deepEqual(subnet, cidr('10.50.1.0/24'));
  assert.equal(survey.own('10.50.2.0-24'), undefined);
  assert.deepEqual(
    [survey.mayHave([JSON.stringify('mac-2')]), survey.mayHave([JSON.stringify('mac-3')])],
    [false, true],
  );
});

test('a key that was refused is blocked, unless the list shows it as a lease', async () => {
  const refused = ['10.50.1.0-24', '10.50.2.0-24'];
  const { subnet, plan } = await surveyed([{ kind: 'begin' }, page(record(2, 1)), end], refused);
  assert.deepEqual([plan.kind, subnet], ['reuse', undefined]);
  const other = await surveyed([{ kind: 'begin' }, page(record(2, 2)), end], refused);
  assert.deepEqual(other.subnet, cidr('10.50.3.0/24'));
  const full = await surveyed(
    [{ kind: 'begin' }, page(record(2, 2), record(3, 3), record(4, 4)), end],
    refused,
  );
  const { kind, leased, blocked } = full.plan as { kind: string; leased: number; blocked: number };
  assert.deepEqual({ kind, leased, blocked }, { kind: 'exhausted', leased: 3, blocked: 1 });
});

test('an entry that cannot be read keeps its range', async () => {
  const faults = [{ where: 'the file', reason: 'cannot be read', key: '10.50.2.0-24' }];
  const { subnet } = await surveyed([
    { kind: 'begin' },
    page({ ...record(1, 2), value: 'not JSON' }),
    { kind: 'page', records: [], faults },
    end,
  ]);
  assert.deepEqual(subnet, cidr('10.50.3.0/24'));
});

test('a list without an end is an error', async () => {
  await assert.rejects(surveyed([{ kind: 'begin' }, page(record(1, 2))]), /a list of leases had no end/);
});
