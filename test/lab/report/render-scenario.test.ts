import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderScenario } from '../../../src/lab/report/render-scenario.ts';
import type { ScenarioReport, StepReport } from '../../../src/lab/report/scenario-report.ts';

const step = (number: number, changes: Partial<StepReport> = {}): StepReport => ({
  number,
  line: number + 3,
  kind: 'kill',
  text: `kill node${number}`,
  outcome: 'done',
  note: null,
  detail: null,
  tookMs: 12,
  ...changes,
});

const report = (steps: readonly StepReport[], changes: Partial<ScenarioReport> = {}): ScenarioReport => ({
  scenario: 'outage',
  recipe: 'vxlan',
  passed: true,
  readyMs: 812,
  nodes: [{ name: 'node1', publicIp: '172.30.0.1', subnet: '10.50.7.0/24', pod: '10.50.7.2', mtu: 1450 }],
  steps,
  leftovers: [],
  kept: [],
  reasons: [],
  ...changes,
});

const render = (shown: ScenarioReport): readonly string[] =>
  renderScenario(shown, [], '/x/outage.json', { colour: false }).split('\n');

describe('the report of a scenario', () => {
  test('has a line for each step, with its time and its note, and closes with a summary', () => {
    const lines = render(report([step(1), step(2, { note: '0 of 412 packets lost', tookMs: 1234 })]));
    assert.ok(lines.includes('✔ 1  kill node1  12 ms'));
    assert.ok(lines.includes('✔ 2  kill node2  1.2 s, 0 of 412 packets lost'));
    assert.equal(
      lines.at(-2),
      '✔ outage with vxlan: 1 node, 2 of 2 steps, ready in 812 ms, nothing left behind',
    );
  });

  test('shows the reason, the line and the output of the failed step, and what was not tried', () => {
    const failed = step(1, {
      outcome: 'failed',
      note: 'the command exited with status 1',
      detail: 'Cannot\nfind',
    });
    const lines = render(
      report([failed, step(2, { outcome: 'skipped' })], { passed: false, reasons: ['x'] }),
    );
    const at = lines.indexOf('✘ 1  kill node1  12 ms');
    assert.deepEqual(lines.slice(at + 1, at + 6), [
      '     the command exited with status 1',
      '     /x/outage.json:4',
      '     Cannot',
      '     find',
      '· 2  kill node2  not tried',
    ]);
    assert.match(lines.at(-2) ?? '', /^✘ outage with vxlan: 1 node, 0 of 2 steps/);
  });

  test('names what is left behind', () => {
    const leftovers = ['node1: link flannel.1 mtu 1450'];
    const lines = render(report([step(1)], { passed: false, leftovers, reasons: ['x'] }));
    assert.ok(lines.includes('✘ left behind: node1: link flannel.1 mtu 1450'));
    assert.match(lines.at(-2) ?? '', /1 trace left behind$/);
  });
});
