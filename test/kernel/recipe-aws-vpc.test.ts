import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aws, cloudProblem, moto } from '../../scripts/test/clouds.js';
import { until } from '../support/until.ts';
import { Aws } from './cloud/aws.ts';
import { CloudLab, type CloudNode } from './cloud/cloud-lab.ts';
import { testCloudRecipe } from './cloud/suite.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const skip = reasonToSkip('socat', 'strace', 'curl') || (cloudProblem(aws, moto) ?? false);
const programs = [aws, '/usr/bin/curl'];

testCloudRecipe(
  { name: 'aws-vpc', programs, start: () => Aws.start() },
  {
    skip,
    words: {
      foreign: /rtb-\w+ sends 10\.50\.7\.0\/24 to eni-\w+, which is not this node's/,
      full: /rtb-\w+ is full: remove routes from it, or ask AWS for a higher quota/,
      noMetadata: /the metadata service did not give a token: heddle must run on an instance of AWS/,
      noKey:
        /if credentials or a permission are missing: give the instance a role, or heddle AWS_ACCESS_KEY_ID/,
      noPermission: /UnauthorizedOperation(?:.|\n)*with the permissions that docs\/backends\.md lists/,
    },
  },
);

describe('recipes/aws-vpc.json', { skip }, () => {
  test('RouteTableID names the tables; without it, the table of the subnet is found', async (t) => {
    const cloud = await Aws.start();
    const lab = await CloudLab.start(
      t,
      { name: 'aws-vpc', programs, start: () => Promise.resolve(cloud) },
      1,
    );
    const [node] = lab.nodes as [CloudNode];
    const tables = [await cloud.addTable(), await cloud.addTable()];
    const own = await cloud.addTable(node.machine);
    const before = await cloud.dump();
    const hasRoute = async (table: string) => {
      const { routes } = await cloud.tableOf(table);
      return routes.some(({ target }) => target === node.machine.id);
    };

    const several = new StoreDirectory(t);
    several.putConfiguration({
      Network: '10.50.0.0/16',
      Backend: { Type: 'aws-vpc', RouteTableID: tables },
    });
    lab.up(node, several);
    await node.daemon.until('ready');
    assert.deepEqual(await Promise.all([...tables, own].map(hasRoute)), [true, true, false]);
    assert.equal(await cloud.checksDestination(node.machine), false, 'the source/destination check is off');
    await node.daemon.stop();
    assert.deepEqual(await cloud.dump(), before);
    assert.equal(await cloud.checksDestination(node.machine), true, 'the check is on again');

    await cloud.setDestinationCheck(node.machine, false);
    lab.up(node, new StoreDirectory(t), ['--check-interval', '2']);
    await node.daemon.until('ready');
    assert.deepEqual(await Promise.all([...tables, own].map(hasRoute)), [false, false, true]);
    await cloud.setDestinationCheck(node.machine, true);
    await until(
      'the source/destination check to be off again',
      async () => !(await cloud.checksDestination(node.machine)),
      () => node.daemon.describe(),
    );
    await node.daemon.stop();
    assert.deepEqual(await cloud.dump(), before);
  });

  test('a start that fails switches the check on again, and a wrong RouteTableID is refused before it is off', async (t) => {
    const cloud = await Aws.start();
    const lab = await CloudLab.start(
      t,
      { name: 'aws-vpc', programs, start: () => Promise.resolve(cloud) },
      1,
    );
    const [node] = lab.nodes as [CloudNode];
    const before = await cloud.dump();
    const writes = () => cloud.calls.filter((call) => call.writes).map(({ name }) => name);
    const started = async (table?: string) => {
      const parameter = table === undefined ? [] : ['--param', `RouteTableID=${table}`];
      return (await lab.up(node, new StoreDirectory(t), parameter).ended).stderr;
    };

    assert.match(await started('rtb-1,--debug'), /RouteTableID names --debug, which is not a route table/);
    assert.match(await started('rtb-0123456789abcdef0'), /name route tables of vpc-\w+ with RouteTableID/);
    const foreign = await cloud.addForeignTable();
    const elsewhere = new RegExp(
      `RouteTableID names ${foreign} of another VPC: this node needs tables of vpc-`,
    );
    assert.match(await started(foreign), elsewhere);
    assert.deepEqual(writes(), []);

    cloud.faults.limit = 0;
    assert.match(await started(), /is full/);
    assert.equal(writes()[0], 'ModifyNetworkInterfaceAttribute', 'the check was off');
    assert.equal(await cloud.checksDestination(node.machine), true, 'and is on again');
    assert.deepEqual(await cloud.dump(), before);

    // What was off before heddle came stays off.
    await cloud.setDestinationCheck(node.machine, false);
    assert.match(await started(), /is full/);
    assert.equal(await cloud.checksDestination(node.machine), false);
    assert.deepEqual(lab.shownSecrets(), []);
  });
});
