import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fullMetrics } from './daemon/report/full-metrics.ts';
import { readPage } from './page.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const alertsFile = fileURLToPath(new URL('../deploy/heddle-alerts.yml', import.meta.url));
const alerts = readPage('deploy/heddle-alerts.yml');
const dashboard = readPage('deploy/heddle-dashboard.json');

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
const skip = hasPromtool ? false : 'needs promtool';

function promtool(args: readonly string[], input = ''): void {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, ''], stdout);
}

/** The labels of each sample that heddle serves, by the sample's name. */
async function servedSamples(t: TestContext): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const served = new Map<string, Set<string>>();
  for (const line of (await fullMetrics(t).render()).split('\n')) {
    const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined || line.startsWith('#')) continue;
    const known = served.get(name) ?? new Set(['instance', 'job']);
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    served.set(name, known);
  }
  return served;
}

/** The queries of the dashboard, for panels and for variables. */
function dashboardQueries(): readonly string[] {
  const { panels, templating } = JSON.parse(dashboard) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
    readonly templating: {
      readonly list: readonly { readonly query: string | { readonly query: string } }[];
    };
  };
  const variables = templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
  return [...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)), ...variables];
}

const alertQueries = [...alerts.matchAll(/^ +expr: (.+)$/gm)].map(([, query = '']) => query);

/** Checks that a query selects only samples that heddle serves, by labels that they have. */
function checkQuery(query: string, served: ReadonlyMap<string, ReadonlySet<string>>): void {
  const selectors = [...query.matchAll(/\b((?:heddle|process)_\w+|up)\b(?:\{([^}]*)\})?/g)];
  assert.ok(selectors.length > 0, query);
  for (const [, name = '', labels = ''] of selectors) {
    if (name === 'up') continue;
    const known = served.get(name);
    assert.ok(known !== undefined, `${name} in ${query}`);
    for (const [, label = ''] of labels.matchAll(/(\w+)=/g))
      assert.ok(known.has(label), `${label} in ${query}`);
  }
}

test("each metric obeys Prometheus' rules", { skip }, async (t) => {
  promtool(['check', 'metrics'], await fullMetrics(t).render());
});

test('each alert is valid, and asks for metrics and labels that heddle has', { skip }, async (t) => {
  promtool(['check', 'rules', alertsFile]);
  assert.equal(alertQueries.length, [...alerts.matchAll(/- alert: /g)].length);
  const served = await servedSamples(t);
  for (const query of alertQueries) checkQuery(query, served);
});

test(
  'each query of the dashboard is valid, and asks for metrics and labels that heddle has',
  { skip },
  async (t) => {
    const queries = dashboardQueries();
    assert.ok(queries.length > 20);
    const served = await servedSamples(t);
    for (const query of queries) checkQuery(query, served);
    // promtool parses queries only in rules.
    const expressions = queries
      .filter((query) => !query.startsWith('label_values('))
      .map((query) => query.replaceAll('$__rate_interval', '5m'));
    const rules = expressions.map((expr, n) => ({ record: `test:${n}`, expr }));
    const file = join(temporaryDirectory(t), 'queries.yml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    promtool(['check', 'rules', file]);
  },
);

test('the alerts fire when they should, and not on a node that is well', { skip }, (t) => {
  const series = (values: Readonly<Record<string, number | string>>): object[] =>
    Object.entries(values).map(([name, value]) => ({ series: name, values: `${value}x60` }));
  const well = {
    'up{job="heddle",instance="a"}': '1+0',
    'heddle_ready{instance="a"}': '1+0',
    'heddle_loop_hung{instance="a",loop="peer-loop"}': '0+0',
    'heddle_peers{instance="a",state="failing"}': '0+0',
    'heddle_concerns{instance="a",kind="clock"}': '0+0',
    'heddle_store_up{instance="a"}': '1+0',
    'heddle_lease_expiry_seconds{instance="a"}': '86400+0',
    'heddle_leases_rejected{instance="a"}': '0+0',
    'heddle_events_total{instance="a",event="drift"}': '0+0',
    'process_start_time_seconds{job="heddle",instance="a"}': '1000+0',
  };
  const ill: Readonly<Record<string, string>> = {
    'up{job="heddle",instance="a"}': '0+0',
    'heddle_ready{instance="a"}': '0+0',
    'heddle_loop_hung{instance="a",loop="peer-loop"}': '1+0',
    'heddle_peers{instance="a",state="failing"}': '3+0',
    'heddle_concerns{instance="a",kind="clock"}': '1+0',
    'heddle_store_up{instance="a"}': '0+0',
    'heddle_lease_expiry_seconds{instance="a"}': '3700+0',
    'heddle_leases_rejected{instance="a"}': '2+0',
    'heddle_events_total{instance="a",event="drift"}': '0+1',
    'process_start_time_seconds{job="heddle",instance="a"}': '1000+60',
  };
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  const firing = (isFiring: boolean): object[] =>
    names.map((alertname) => ({
      expr: `count(ALERTS{alertname="${alertname}",alertstate="firing"})`,
      eval_time: '59m',
      exp_samples: isFiring ? [{ labels: '{}', value: 1 }] : [],
    }));
  const tests = [
    { interval: '1m', input_series: series(well), promql_expr_test: firing(false) },
    { interval: '1m', input_series: series(ill), promql_expr_test: firing(true) },
  ];
  const file = join(temporaryDirectory(t), 'tests.yml');
  writeFileSync(file, JSON.stringify({ rule_files: [alertsFile], tests }));
  promtool(['test', 'rules', file]);
});

test('docs/operations.md lists each alert', () => {
  const listed = [...readPage('docs/operations.md').matchAll(/^\| `(Heddle\w+)` \|/gm)].map(
    ([, name]) => name,
  );
  const known = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  assert.deepEqual(listed, known);
});

test('docs/operations.md shows the units of deploy', () => {
  const page = readPage('docs/operations.md');
  for (const unit of ['heddle.service', 'heddle@.service']) {
    const text = readPage(`deploy/${unit}`);
    assert.ok(page.includes('```ini\n' + text + '```'), unit);
    assert.match(text, /^Type=notify\nNotifyAccess=all|^Type=notify$/m);
    assert.match(text, /^WatchdogSec=/m);
  }
});
