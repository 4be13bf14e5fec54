import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LabReport } from '../../src/lab/report/report.ts';
import { assertOutput } from '../support/output-schema.ts';
import { reasonToSkip } from './harness/needs.ts';
import { runHeddle } from './lab-harness.ts';

describe('lab run --family', { skip: reasonToSkip() }, () => {
  for (const [family, expected] of [
    ['ipv6', [6]],
    ['dual', [4, 6]],
  ] as const) {
    test(`${family} gives the network these families, whatever the recipe's document has`, async () => {
      const args = ['lab', 'run', 'vxlan', '--family', family, '--nodes', '2', '--json'];
      const { exitCode, stdout, stderr } = await runHeddle(args);
      assert.equal(exitCode, 0, stderr);
      const { pairs } = assertOutput('lab run', stdout) as LabReport;
      for (const { paths } of pairs) {
        assert.deepEqual(
          paths.map((path) => path.family),
          expected,
        );
        for (const { mtuPasses, oversizeFails } of paths)
          assert.deepEqual([mtuPasses, oversizeFails], [true, true]);
      }
    });
  }

  test('a family that the recipe does not have is refused', async () => {
    const { exitCode, stderr } = await runHeddle(['lab', 'run', 'udp', '--family', 'dual']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /the recipe udp does not have both families at once\n {2}it has IPv4/);
  });
});
