import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aws, cloudProblem, moto } from '../../scripts/test/clouds.js';
import { until } from '../support/until.ts';
import { Aws } from './cloud/aws.ts';
import { CloudLab, type CloudNode } from './cloud/cloud-lab.ts';
import { testCloudRecipe } from './cloud/suite.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const skip = reasonToSkip('socat', 'curl') || (cloudProblem(aws, moto) ?? false);
const programs = [aws, '/usr/bin/curl'];

testCloudRecipe(
  { name: 'aws-vpc', programs, start: () => Aws.start() },
  {
    skip,
    words: {
      foreign: /rtb-\w+ sends 10\.50\.7\.0\/24 to eni-\w+, which is not this node's/,
      full: /rtb-\w+ is full: remove routes from it, or ask AWS for a higher quota/,
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
});
